"""What tests of bots need."""
