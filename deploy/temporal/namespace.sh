#!/bin/sh
# Makes the namespace of the cases, with the retention and the search attributes
# that the worker would otherwise set itself. May be repeated. The connection
# comes from the variables TEMPORAL_*.
set -eu

# Closed cases stay for 400 days: longer than the year after which an auditor asks.
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
	temporal operator namespace create --retention 9600h --namespace "$TEMPORAL_NAMESPACE"

# A namespace is usable only after the server's caches have heard of it.
tries=0
until known=$(temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE"); do
	tries=$((tries + 1))
	[ "$tries" -lt 30 ] || { echo "the namespace did not become usable" >&2; exit 1; }
	sleep 2
done

# No personal data stands in them: search attributes are never encrypted.
for attribute in \
	LastdayState:Keyword \
	LastdayStage:Keyword \
	LastdayCutoff:Datetime \
	LastdayPerson:Keyword \
	LastdayStuck:KeywordList \
	LastdayTasks:Int; do
	name=${attribute%%:*}
	echo "$known" | grep -qw "$name" ||
		temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$name" --type "${attribute##*:}"
done
