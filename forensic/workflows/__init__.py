"""One file a command: finds meet the intake here and nowhere else."""
