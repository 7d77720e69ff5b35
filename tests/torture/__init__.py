"""Programs killed, power cut, disks failed, for many rounds: `make torture` prints what was lost."""
