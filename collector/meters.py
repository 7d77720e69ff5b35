"""What Prometheus is told of the collector; a registry of its own, so that two collectors in one process do not mix."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from collector.record import Tally

SEVERITIES = ("critical", "high", "low")
_LATENCIES_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Meters:
    """Counters count since the start of the process."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._registry = registry
        self.messages = Counter("collector_messages", "MQTT messages settled", registry=registry)
        self.entries = Counter("collector_entries", "Outbox entries stored", registry=registry)
        self.readings = Counter("collector_readings", "Readings stored", registry=registry)
        self.duplicates = Counter("collector_duplicates", "Entries that had been stored before", registry=registry)
        self.gaps = Counter("collector_gaps", "Gaps that stores reported", registry=registry)
        self.quarantined = Counter("collector_quarantined", "Messages that nobody could read", registry=registry)
        self.silent = Gauge("collector_silent_stores", "Stores that are not heard", registry=registry)
        self.rivals = Gauge("collector_rival_stores", "Stores that two agents speak for", registry=registry)
        self.unjudged = Counter(
            "collector_unjudged", "Polls stored without being judged", ["reason"], registry=registry
        )
        self.latency = Histogram(
            "collector_ingest_seconds",
            "From a message's arrival to its acknowledgement",
            buckets=_LATENCIES_S,
            registry=registry,
        )
        self.queue = Gauge("collector_queue_messages", "Messages that wait for the ingest", ["lane"], registry=registry)
        self.telemetry_waiting = Gauge(
            "collector_telemetry_waiting",
            "Polls not sealed yet, or readings not yet on their server",
            registry=registry,
        )
        self.telemetry_lost = Gauge(
            "collector_telemetry_lost", "Readings that their server never took", registry=registry
        )
        self.queue_bytes = Gauge("collector_queue_bytes", "Their payloads", ["lane"], registry=registry)
        self.rule_faults = Gauge(
            "collector_rule_faults", "Faults of changed rules, while those before go on", registry=registry
        )
        self.open_tickets = Gauge("collector_open_tickets", "Tickets that are open", ["severity"], registry=registry)
        self.feed_clients = Gauge("collector_feed_clients", "Pages that follow the feed", registry=registry)

    def count(self, tally: Tally) -> None:
        self.entries.inc(tally.entries)
        self.readings.inc(tally.readings)
        self.duplicates.inc(tally.duplicates)
        self.gaps.inc(tally.gaps)
        for reason, polls in tally.unjudged.items():
            self.unjudged.labels(reason).inc(polls)

    def expose(self, open_tickets: dict[str, int]) -> bytes:
        """The text that Prometheus scrapes; `open_tickets` is by severity."""
        for severity in {*SEVERITIES, *open_tickets}:
            self.open_tickets.labels(severity).set(open_tickets.get(severity, 0))
        return generate_latest(self._registry)
