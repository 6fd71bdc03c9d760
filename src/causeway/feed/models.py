"""No models: the log is made by SQL. Django tells of a migration only apps that have this module."""
