"""The nano lane's lm-eval task: its template and its metric."""
