"""What tests of graphchat programs need."""
