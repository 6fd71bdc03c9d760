"""Crashes in the middle of ``causeway.atomic()``, and what recovery makes of them: ``make crashtest``.

``python -m tests.crash`` runs each pair of engines in a process of its own, over durable servers that
it starts, kills (SIGKILL) and starts again. The project of a pair is ``bank``: a transfer moves an
amount between a local and a core account and leaves an entry with its token on both sides.

* *Named points*: a worker makes a transfer and fails at one step of the protocol (the steps and who
  is killed there: ``points``), what was killed is started again, and recovery runs.
* *Random kills*: three workers make transfers while something is killed at a random instant and
  recovery runs beside them, now and then two of it at once.

After each: the sum of all accounts is what it was; each transfer left both entries or none, both
where its worker was told that it was committed; core has nothing prepared; no decision is left;
nobody waited without end or saw another error than one of ``django.db``; the next transfer succeeds.
At a named point it is also known whether the transfer has to be there.
"""
