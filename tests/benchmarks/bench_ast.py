"""Time of `analyze_ast` on one 60-line program: the median of several runs, in milliseconds.

Run: python tests/benchmarks/bench_ast.py
"""

import statistics
import time

from rust_rewards import analyze_ast

RUNS = 5
CALLS = 200  # per run
TARGET_MS = 1.0

SOURCE = """use std::collections::HashMap;
use std::fmt;

/// What can go wrong while reading an inventory.
#[derive(Debug, PartialEq)]
pub enum ParseError {
    MissingField(usize),
    BadNumber { line: usize, text: String },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParseError::MissingField(line) => write!(f, "line {line}: a field is missing"),
            ParseError::BadNumber { line, text } => write!(f, "line {line}: {text:?} is no number"),
        }
    }
}

/// Items in stock, by name.
#[derive(Debug, Default)]
pub struct Inventory {
    items: HashMap<String, u32>,
}

impl Inventory {
    /// Reads `name,count` lines; empty lines are skipped.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut items = HashMap::new();
        for (index, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            let (name, count) = line.split_once(',').ok_or(ParseError::MissingField(index + 1))?;
            let count: u32 = count.trim().parse().map_err(|_| ParseError::BadNumber {
                line: index + 1,
                text: count.to_string(),
            })?;
            *items.entry(name.trim().to_string()).or_insert(0) += count;
        }
        Ok(Inventory { items })
    }

    /// The item with the largest stock, ties broken by name.
    pub fn most_common(&self) -> Option<(&str, u32)> {
        self.items
            .iter()
            .map(|(name, count)| (name.as_str(), *count))
            .max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(a.0)))
    }

    /// Takes up to `wanted` pieces and returns how many there were.
    pub fn take(&mut self, name: &str, wanted: u32) -> u32 {
        if let Some(stock) = self.items.get_mut(name) {
            let taken = wanted.min(*stock);
            *stock -= taken;
            taken
        } else {
            0
        }
    }
}
"""


def median_ms() -> float:
    """Return the median over a run's calls, in milliseconds of wall time."""
    times = []
    for _ in range(CALLS):
        start = time.perf_counter()
        analyze_ast(SOURCE, entry_point="Inventory")
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def main() -> None:
    """Print the median of the runs' medians beside the target."""
    analyze_ast(SOURCE)
    medians = sorted(median_ms() for _ in range(RUNS))
    middle = statistics.median(medians)
    lines = len(SOURCE.splitlines())
    runs = ", ".join(f"{m:.2f}" for m in medians)
    print(f"analyze_ast, {lines} lines: {middle:.2f} ms (runs {runs}; target: at most {TARGET_MS})")


if __name__ == "__main__":
    main()
