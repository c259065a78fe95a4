#!/bin/sh
# Door badges in a table that the door controller reads: an integration of kind
# script with `input: env`, in POSIX sh and awk. docs/integrations/script.md tells
# of the contract; badges.yaml is its configuration.
#
# BADGES names the table: employee number, door and state (open or shut), with tabs
# between them. An employee number is what an account is called here. The row of the
# employee number 0 is always there: without it we do not see the table.
set -eu

fail() { # fail STATUS CODE
	printf '{"version":1,"error":{"code":"%s"}}\n' "$2"
	exit "$1"
}

[ "${LASTDAY_VERSION-}" = 1 ] || fail 64 invalid
[ -r "$BADGES" ] || fail 75 transient
# What is printed as JSON below needs no escaping, because nothing else passes here.
case ${LASTDAY_ACCOUNT-}${LASTDAY_RESOURCE-}${LASTDAY_TO-}${LASTDAY_EMPLOYEE_NUMBER-} in
*[!A-Za-z0-9-]*) fail 65 invalid ;;
esac

control() {
	if awk -F '\t' '$1 == "0" { found = 1 } END { exit !found }' "$BADGES"; then
		printf '"control":{"seen":true,"evidence":"the row of the employee number 0 is there"}'
	else
		printf '"control":{"seen":false,"evidence":"the row of the employee number 0 is missing"}'
	fi
}

probe() { printf '{"version":1,"identity":"the table of badges",%s}\n' "$(control)"; }

find_account() {
	found=$(awk -F '\t' -v who="$LASTDAY_EMPLOYEE_NUMBER" '
		who != "" && $1 == who { printf "{\"id\":\"%s\",\"by\":\"employee_number\",\"equal\":\"%s\"}", $1, $1; exit }' "$BADGES")
	printf '{"version":1,"accounts":[%s],%s}\n' "$found" "$(control)"
}

# list shows the open doors. Rows that are not understood are an error: half a list
# must not look like a whole one.
list() {
	awk -F '\t' -v who="$LASTDAY_ACCOUNT" '
		NF != 3 || $1 $2 !~ /^[A-Za-z0-9-]+$/ || ($3 != "open" && $3 != "shut") { bad = 1; exit }
		$1 == who { there = 1 }
		$1 == who && $3 == "open" { rows = rows sep "{\"kind\":\"door\",\"resource\":\"" $2 "\",\"rung\":\"open\"}"; sep = "," }
		END { if (bad) exit 1; printf "\"absent\":%s,\"grants\":[%s]", there ? "false" : "true", rows }' "$BADGES" >"$scratch" || fail 65 invalid
	printf '{"version":1,"account":"%s",%s,%s}\n' "$LASTDAY_ACCOUNT" "$(cat "$scratch")" "$(control)"
}

# apply writes a new table and puts it in place of the old one in one step.
apply() {
	[ "$LASTDAY_KIND" = door ] || fail 65 invalid
	case $LASTDAY_TO in
	none) state=shut ;;
	open) state=open ;;
	*) fail 65 invalid ;;
	esac
	awk -F '\t' -v OFS='\t' -v who="$LASTDAY_ACCOUNT" -v door="$LASTDAY_RESOURCE" -v state="$state" '
		$1 == who && $2 == door { $3 = state } { print }' "$BADGES" >"$BADGES.new"
	mv "$BADGES.new" "$BADGES"
	printf '{"version":1,"account":"%s","outcome":"applied"}\n' "$LASTDAY_ACCOUNT"
}

# One at a time: mkdir is the lock. Who comes second comes back later. A lock that
# a killed process left is removed by hand, after a look at the table.
mkdir "$BADGES.lock" 2>/dev/null || fail 75 transient
scratch=$BADGES.lock/scratch
trap 'rm -rf "$BADGES.lock"' EXIT
trap 'exit 75' HUP INT TERM

case $LASTDAY_VERB in
probe) probe ;;
find) find_account ;;
list) list ;;
apply) apply ;;
*) fail 64 invalid ;;
esac
