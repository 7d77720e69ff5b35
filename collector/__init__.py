"""The program at head office: takes telemetry in, finds faults, opens tickets, serves the page."""
