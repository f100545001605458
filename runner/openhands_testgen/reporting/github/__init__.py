"""What reviewers see on GitHub: the check run, the comment and the delivered tests."""
