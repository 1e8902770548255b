"""Measures the documentation that models write by BLEU, ROUGE-L and METEOR, with the standard libraries.

Only doc comments (`///`, `//!`) are compared, never code: two correct programs share few words. What the
prompt already held is taken out first, so a base model earns nothing for the comment it was given. BLEU is
sacrebleu's corpus score and ROUGE-L rouge-score's F-measure with stemming; METEOR is nltk's with stemming,
and without synonyms, because those need the WordNet corpus, which nltk downloads: no figure here may depend
on a download. Not here: any claim that these tell good documentation from bad. They tell likeness to the
reference.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..extras import explain, missing_packages
from .scores import ScoredSample

DOC_COMMENT = re.compile(r"^\s*//[/!](?!/) ?(.*)$", re.MULTILINE)
WORD = re.compile(r"\w+|[^\w\s]")


def check_text_metrics() -> None:
    """Raise `ValueError` with the line that installs what is missing of the three libraries."""
    missing = missing_packages("text-metrics")
    if missing:
        raise ValueError(
            f"{explain('--text_metrics', ', '.join(missing), 'text-metrics')} Or leave --text_metrics out."
        )


def documentation(source: str) -> str:
    """Return the text of a program's doc comments, lines joined by newlines."""
    return "\n".join(line.strip() for line in DOC_COMMENT.findall(source))


def documentation_metrics(tasks: Sequence[Mapping[str, Any]], scored: Sequence[ScoredSample]) -> dict[str, float]:
    """Compare the documentation of scored samples with that of their tasks' references.

    Args:
        tasks (`Sequence[Mapping]`): The tasks; those whose reference adds no documentation are left out.
        scored (`Sequence[ScoredSample]`): Their samples.

    Returns:
        `dict[str, float]`: `samples` compared and, when there are any, `bleu`, `rouge_l` and `meteor`, each 0..100.
    """
    given = {task["task_id"]: documentation(task["code_prefix"]) for task in tasks}
    wanted = {task["task_id"]: _added(task["reference"] or "", given[task["task_id"]]) for task in tasks}
    pairs = [
        (_added(sample.program, given[sample.task_id]), wanted[sample.task_id])
        for sample in scored
        if wanted[sample.task_id]
    ]
    if not pairs:
        return {"samples": 0}
    return {"samples": len(pairs), **text_scores([found for found, _ in pairs], [want for _, want in pairs])}


def text_scores(candidates: Sequence[str], references: Sequence[str]) -> dict[str, float]:
    """Return BLEU, ROUGE-L and METEOR of texts against one reference each, in 0..100.

    Args:
        candidates (`Sequence[str]`): The texts to rate; an empty one scores 0.
        references (`Sequence[str]`): As many references, none empty.
    """
    import sacrebleu
    from nltk.stem.porter import PorterStemmer
    from nltk.translate.meteor_score import single_meteor_score
    from rouge_score.rouge_scorer import RougeScorer

    scorer, stemmer, count = RougeScorer(["rougeL"], use_stemmer=True), PorterStemmer(), len(candidates)
    rouge = [scorer.score(want, found)["rougeL"].fmeasure for found, want in zip(candidates, references, strict=True)]
    meteor = [
        single_meteor_score(_words(want), _words(found), stemmer=stemmer, wordnet=NoSynonyms())
        for found, want in zip(candidates, references, strict=True)
    ]
    return {
        "bleu": sacrebleu.corpus_bleu(list(candidates), [list(references)]).score,
        "rouge_l": 100 * sum(rouge) / count,
        "meteor": 100 * sum(meteor) / count,
    }


class NoSynonyms:
    """Stands for WordNet in nltk's METEOR and knows no synonym."""

    def synsets(self, word: str) -> list[Any]:
        """Return no set of synonyms."""
        return []


def _added(source: str, given: str) -> str:
    text = documentation(source)
    return text.removeprefix(given).strip() if given else text


def _words(text: str) -> list[str]:
    return WORD.findall(text.lower())
