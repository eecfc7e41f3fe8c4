"""What must last: cases, events, messages and documents, on SQLite or PostgreSQL by address alone.

`Database` opens the store; `Database.write` and `Database.read` give a `UnitOfWork`, which is one transaction. Its
repositories are the only way to the rows.
"""
