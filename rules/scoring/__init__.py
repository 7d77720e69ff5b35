"""How good the rules are: a fleet whose faults are known, judged by the engine that judges the stores."""
