package postgres

import (
	"context"

	"lastday"
)

// Probe says who we are in the cluster and what we lack. A database that we may
// not enter is no gap by itself: the cluster tells, without entering, where
// something refers to a role, and List names what it could not enter.
func (d *driver) Probe(ctx context.Context) (lastday.Health, error) {
	const op = "postgres: probe"
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	l, err := d.connect(ctx, op, "")
	if err != nil {
		return lastday.Health{}, err
	}
	defer l.close(ctx)
	var selves []self
	if err := l.send(ctx, op, beginRead(), d.askSelf(&selves), do("commit")); err != nil {
		return lastday.Health{}, err
	}
	me, err := one(op, selves)
	if err != nil {
		return lastday.Health{}, err
	}
	h := lastday.Health{
		Identity: "role " + me.Name, AccountID: me.pin().String(), QuotaLeft: -1, Control: me.control(), Version: me.Version,
		Missing: d.missing(me),
	}
	for _, k := range kinds() {
		h.Can = append(h.Can, k.Name)
	}
	return h, nil
}

func (d *driver) gap(kind, what string, code lastday.Code, why, fix string) lastday.Gap {
	return lastday.Gap{System: d.system, Kind: kind, What: what, Code: code, Why: why, Fix: fix}
}

// missing names what we may not see. What we may not change shows when it is
// tried, because it depends on whose role it is.
func (d *driver) missing(me self) []lastday.Gap {
	var gaps []lastday.Gap
	if !me.Stats {
		gaps = append(gaps, d.gap(kindSession, "open sessions", lastday.CodeDenied, "our role may not see when other people's sessions began",
			"GRANT pg_monitor TO our role"))
	}
	if me.Standby {
		gaps = append(gaps, d.gap(kindSession, "sessions on the primary server", lastday.CodeUnsupported, "we are connected to a standby, which cannot be changed either",
			"let the connection string lead to the primary: target_session_attrs=read-write"))
	}
	return gaps
}
