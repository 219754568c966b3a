"""What a checkup makes of what it gathered: pure, facts to findings. `mailbridge.doctor` gathers."""
