"""The pipeline a mail goes through: intake, policy, (store), rewrite, deliver, and the bounces that come back."""
