#!/bin/sh
# Makes Temporal's databases and brings their schemas to the version of this image.
# Each command may be repeated: what is there already stays. The connection comes
# from the variables SQL_*.
set -eu
for database in temporal:temporal temporal_visibility:visibility; do
	name=${database%%:*} schema=${database##*:}
	temporal-sql-tool --db "$name" create
	temporal-sql-tool --db "$name" setup-schema -v 0.0
	temporal-sql-tool --db "$name" update-schema --schema-name "postgresql/v12/$schema"
done
