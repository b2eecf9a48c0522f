"""How things are kept: settings, session, tables, migrations, readers and writers, the embedded PostGIS."""
