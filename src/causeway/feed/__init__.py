"""Core's change feed: an app for the core project, and what children read the feed with.

Triggers log the keys of rows that change, in the transaction that changes them. Which rows are there
is read from the tables themselves, in the same snapshot as the log.
"""
