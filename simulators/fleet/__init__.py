"""Many stores for many months, with faults whose time and cause are known: what the rules are tuned and judged by."""
