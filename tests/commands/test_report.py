"""The page of a run: what is on it, that it fetches nothing, and how a real browser shows it."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pyarrow as pa
import pyarrow.parquet
import pytest
from workflow_testbed import REJECTED, RIGHT, WRONG, evaluate_samples, run, steps

from rust_rewards.commands.report import build_page, find_run
from rust_rewards.evaluation import html_page as report_page
from rust_rewards.evaluation.error_codes import codes_over_time

BACKGROUND = (246, 247, 249)  # of the page, as in report_page.STYLE
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_SECONDS = 120  # a cold start on a busy machine takes tens of seconds


class Inventory(HTMLParser):
    """Collects what a browser would fetch or run, and the text a reader sees."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.sources, self.text = [], [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href", "srcset", "action")]

    def handle_data(self, data):
        self.text += data


def write_completions(folder, number, errors):
    folder.mkdir(exist_ok=True)
    table = pa.table({"step": [number] * len(errors), "first_error": pa.array(errors, pa.string())})
    pyarrow.parquet.write_table(table, folder / f"completions_{number:05d}.parquet")


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    """Everything the commands leave behind, made of real verdicts; one answer holds HTML of its own."""
    folder = tmp_path_factory.mktemp("tiny-run")
    wild = {"double": "    <script>alert(1)</script> & friends\n}\n", "larger": WRONG["larger"]}
    evaluate_samples(folder, "before", [wild, REJECTED])
    evaluate_samples(folder, "after", [RIGHT, RIGHT])
    (folder / "grpo_phase1.yaml").write_text("learning_rate: 1.0e-5  # <checked>\n")
    history = [
        {"avg_reward": 8.0 + s["iteration"], "reward_std": 3.0, "compile_success_rate": 0.1 * s["iteration"]}
        | {"epoch": s["iteration"] / 4, "loss": 0.01}
        | s
        for s in steps()
    ]
    (folder / "training_history.json").write_text(json.dumps({"steps": history}))
    sides = [str(folder / f"{name}.json") for name in ("before", "after")]
    run("decide", *sides, str(folder), "--output_file", str(folder / "decision.json"))
    mismatch, unclosed = "E0308: mismatched types", "this file contains an unclosed delimiter"
    write_completions(folder / "completions", 1, [mismatch, mismatch, unclosed, None])
    write_completions(folder / "completions", 2, [mismatch, None, None, None])
    return folder


@pytest.fixture(scope="module")
def page(run_folder):
    return build_page(find_run(run_folder))


def test_page_has_every_section(page):
    headings = re.findall(r"<h2>(.*?)</h2>", page)
    assert headings == [
        "Configuration",
        "Training",
        "Reward by component",
        "Before and after",
        "Compiler errors",
        "Sample pairs",
        "Decision",
        "Missing",
    ]
    text = Inventory(page).text
    assert "2 tasks: 2 won, 0 lost." in text
    assert "First to last quarter of the run: reward 9.500 to 15.500" in text  # steps 1, 2 and 7, 8
    assert "learning_rate: 1.0e-5" in text
    assert "rust-rewards analyze" in text  # the one thing that is missing


def test_page_fetches_and_runs_nothing(page):
    found = Inventory(page)
    assert found.sources
    assert all(source.startswith("data:image/svg+xml;base64,") for source in found.sources)
    assert not {"script", "link", "iframe", "object", "embed"} & set(found.tags)
    assert "url(" not in report_page.STYLE
    assert "@import" not in report_page.STYLE
    assert "default-src 'none'" in page


def test_text_from_outside_is_escaped(page):
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; friends" in page
    assert "# &lt;checked&gt;" in page


def test_every_picture_says_what_it_shows(page):
    pictures = page.count("<img ")
    assert pictures >= 8
    assert len(re.findall(r'<img alt="[^"]{10,}"', page)) == pictures


def test_error_codes_are_shares_of_each_steps_completions(run_folder):
    assert codes_over_time(run_folder / "completions") == {
        "E0308": ([1.0, 2.0], [0.5, 0.25]),
        "syntax": ([1.0, 2.0], [0.25, 0.0]),
    }


def test_completions_of_other_rewards_give_no_error_codes(tmp_path):
    pyarrow.parquet.write_table(pa.table({"step": [1]}), tmp_path / "completions_00001.parquet")
    assert codes_over_time(tmp_path) == {}
    assert codes_over_time(tmp_path / "none") == {}


def test_command_writes_one_file_and_says_where(run_folder, tmp_path, capsys):
    target = tmp_path / "page.html"
    assert run("report", str(run_folder), "--output_file", str(target)) == 0
    assert f"Written: {target}" in capsys.readouterr().out
    assert target.read_text(encoding="utf-8").endswith("</html>\n")


def test_history_alone_makes_a_page_that_names_what_is_missing(tmp_path):
    (tmp_path / "training_history.json").write_text(json.dumps({"steps": steps()}))
    text = Inventory(build_page(find_run(tmp_path))).text
    assert "Training curves" not in text
    assert "rust-rewards evaluate --output_file before.json" in text
    assert "Decision" not in text


def test_bad_input_is_one_clear_message_and_the_old_page_stays(tmp_path, capsys):
    assert run("report", str(tmp_path / "none")) == 2
    assert "There is no folder" in capsys.readouterr().err
    assert run("report", str(tmp_path)) == 2
    assert "holds nothing to report" in capsys.readouterr().err
    (tmp_path / "report.html").write_text("old")
    (tmp_path / "after.json").write_text('{"kind": "rust-rew')
    assert run("report", str(tmp_path)) == 2
    assert "not complete JSON" in capsys.readouterr().err
    assert (tmp_path / "report.html").read_text() == "old"


def test_topics_may_differ_and_no_input_is_replaced(run_folder, tmp_path, capsys):
    for name in ("before", "after"):
        result = json.loads((run_folder / f"{name}.json").read_text())
        if name == "after":
            result["by_topic"] = {"other": result["by_topic"].popitem()[1]}
        (tmp_path / f"{name}.json").write_text(json.dumps(result))
    assert run("report", str(tmp_path), "--output_file", str(tmp_path / "before.json")) == 2
    assert "is also an input" in capsys.readouterr().err
    assert run("report", str(tmp_path)) == 0


def test_parquet_cut_short_names_the_file(tmp_path):
    (tmp_path / "completions_00003.parquet").write_bytes(b"PAR1 cut")
    with pytest.raises(ValueError, match=r"completions_00003\.parquet"):
        codes_over_time(tmp_path)


@pytest.fixture(scope="module")
def browser():
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.skip("no Chromium on PATH; Debian: apt-get install chromium")
    return found


# What Chromium's network log calls a request made by a page; its own start-up requests carry other annotations
PAGE_REQUEST = re.compile(r'"traffic_annotation":101845102,"url":"(?!file:|data:)([^"]+)"')


def open_in_browser(browser, document, folder, width=390, height=600):
    """Show a file in a headless browser that can reach no host; return its screenshot and what the page asked for."""
    from matplotlib.image import imread

    picture, log = folder / "page.png", folder / "net.json"
    command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    command += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
    command += ["--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={folder / 'profile'}"]
    command += ["--hide-scrollbars", f"--log-net-log={log}", f"--window-size={width},{height}"]
    command += [f"--screenshot={picture}", document.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=BROWSER_SECONDS)
    pixels = (imread(picture)[:, :, :3] * 255).round().astype(int)
    return pixels, set(PAGE_REQUEST.findall(log.read_text(errors="replace")))


@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
def test_browser_shows_the_page_without_a_request_and_nothing_sticks_out(browser, page, tmp_path, width):
    document = tmp_path / "page.html"
    document.write_text(page, encoding="utf-8")
    shown, requests = open_in_browser(browser, document, tmp_path, width, 6000)
    assert requests == set()
    assert shown.shape == (6000, width, 3)
    # Boxes keep 16 px from the window's edge; something too wide would paint over that margin
    for margin in (shown[:, :12], shown[:, -12:]):
        assert (margin == BACKGROUND).all()
    colours = {tuple(pixel) for pixel in shown[::7, ::7].reshape(-1, 3)}
    assert (194, 87, 26) in colours  # the pictures are drawn: their bars and curves have this colour


@pytest.mark.slow
def test_browser_would_have_shown_a_request_and_a_page_too_wide(browser, tmp_path):
    document = tmp_path / "bad.html"
    document.write_text('<img src="http://example.invalid/x.png"><div style="width:900px;background:#000">x</div>')
    shown, requests = open_in_browser(browser, document, tmp_path)
    assert requests == {"http://example.invalid/x.png"}
    assert (shown[:, -12:] == 0).any()
