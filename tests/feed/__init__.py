"""The stress of the feed: ``make feedtest``.

``python -m tests.feed`` runs each pair of engines in a process of its own, over durable servers that it
starts and kills. Writers change core in transactions with delays, rollbacks, savepoints, two-phase commits
and changes of keys; syncers make and keep the copy, and are killed; so are the servers. A checker looks,
on a connection of its own to the child's database, at each state that is committed there while it says
*whole*: the sums are what they were, each group is whole or not there, each row of an inherited model has
its parent. At the end the copy is core, row by row.

With ``--faulty`` the log is read in the ways that lose rows, and the harness has to find that out.
"""
