"""The page of a run: what is on it, that it fetches nothing, and how a real browser shows it."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import pytest
from run_folder import make_run_folder
from workflow_testbed import steps

from rust_rewards.commands.histories import read_training_history
from rust_rewards.evaluation import html_page
from rust_rewards.evaluation.report import build_page
from rust_rewards.evaluation.run_files import read_run

BACKGROUND = (246, 247, 249)  # of the page, as in html_page.STYLE
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER_SECONDS = 120  # a cold start on a busy machine takes tens of seconds


def page_of(folder):
    return build_page(read_run(folder, read_training_history(folder)))


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory):
    return make_run_folder(tmp_path_factory.mktemp("tiny-run"))


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


@pytest.fixture(scope="module")
def page(run_folder):
    return page_of(run_folder)


def test_page_has_every_section(page, run_folder):
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
    assert f"rust-rewards analyze --output_dir {run_folder}" in text  # the one thing that is missing


def test_page_fetches_and_runs_nothing(page):
    found = Inventory(page)
    assert found.sources
    assert all(source.startswith("data:image/svg+xml;base64,") for source in found.sources)
    assert not {"script", "link", "iframe", "object", "embed"} & set(found.tags)
    assert "url(" not in html_page.STYLE
    assert "@import" not in html_page.STYLE
    assert "default-src 'none'" in page


def test_text_from_outside_is_escaped(page):
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; friends" in page
    assert "# &lt;checked&gt;" in page


def test_every_picture_says_what_it_shows(page):
    pictures = page.count("<img ")
    assert pictures >= 8
    assert len(re.findall(r'<img alt="[^"]{10,}"', page)) == pictures


def test_history_alone_makes_a_page_that_names_what_is_missing(tmp_path):
    (tmp_path / "training_history.json").write_text(json.dumps({"steps": steps()}))
    text = Inventory(page_of(tmp_path)).text
    assert "Training curves" not in text
    assert f"rust-rewards evaluate --output_file {tmp_path}/before.json" in text
    assert "Decision" not in text


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
