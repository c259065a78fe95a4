package sandbox

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Register is the custody register: what the leaver knows and owns that is no
// account. People keep it, and here the story does it for them.
type Register struct {
	path  string
	items []*thing
}

// thing is one item. Done is when it was changed or handed over.
type thing struct {
	id, what, kind, system, where, owner, how, level string
	transfer                                         bool
	within                                           string
	done                                             time.Time
	to                                               string
}

func newRegister(dir string) *Register {
	return &Register{path: filepath.Join(dir, "custody.yaml"), items: []*thing{
		{
			id: "bastion-root", what: "root password of the bastion hosts", kind: "shared-secret", system: "bastion", where: "team safe, entry ops/bastion",
			owner: "platform on-call", how: "Run the playbook bastion-root, then update the entry.", within: "4h", level: "admin",
		},
		{
			id: "refunds-key", what: "key of the payment provider for refunds", kind: "shared-secret", system: "payments", where: "team safe, entry support/refunds",
			owner: "payments on-call", how: "Make a new key at the provider, delete the old one.", within: "24h", level: "write",
		},
		{
			id: "nightly-export", what: "nightly export of tickets, runs in the person's name", kind: "job", system: "warehouse", where: "scheduler, job 4711",
			owner: "data platform", within: "3d", level: "read", transfer: true,
		},
		{
			id: "support-line", what: "number of the support line, forwarded to a private phone", kind: "phone", system: "telephony", where: "telephony console, line 12",
			owner: "office management", within: "24h", level: "write", transfer: true,
		},
	}}
}

// Settle is what the owner of the item does that a task is about: change it or
// take it over, and write so. It says what was written.
func (r *Register) Settle(task string, now time.Time) (wrote string, err error) {
	i := slices.IndexFunc(r.items, func(t *thing) bool { return strings.Contains(task, t.what) })
	if i < 0 {
		return "", fmt.Errorf("the register has no item that the task is about: %s", task)
	}
	item := r.items[i]
	item.done = now
	wrote = item.owner + " changes it and writes rotated: " + now.UTC().Format(time.RFC3339)
	if item.transfer {
		item.to, wrote = item.owner, item.owner+" takes it over and writes transferred_to"
	}
	return wrote, r.write(now)
}

func (r *Register) write(now time.Time) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# What is no account, and must not stay with somebody who left.\nversion: 1\nas_of: %s\ncount: %d\nitems:\n", now.UTC().Format(time.RFC3339), len(r.items))
	for _, t := range r.items {
		t.write(&b)
	}
	// One rename: whoever reads meanwhile sees the whole old register or the new one.
	draft := r.path + ".draft"
	if err := os.WriteFile(draft, []byte(b.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(draft, r.path)
}

func (t *thing) write(b *strings.Builder) {
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(b, "    %s: %q\n", name, value)
		}
	}
	fmt.Fprintf(b, "  - id: %s\n", t.id)
	line("what", t.what)
	line("kind", t.kind)
	line("system", t.system)
	line("where", t.where)
	line("owner", t.owner)
	line("how", t.how)
	line("within", t.within)
	fmt.Fprintf(b, "    level: %s\n", t.level)
	if t.transfer {
		fmt.Fprintf(b, "    action: transfer\n    owned_by: [{email: %s}]\n", leaverMail)
		line("transferred_to", t.to)
		return
	}
	leaving := ""
	if !t.done.IsZero() {
		line("rotated", t.done.UTC().Format(time.RFC3339))
		leaving = ", leaving: " + t.done.UTC().Format("2006-01-02")
	}
	fmt.Fprintf(b, "    action: rotate\n    known_to: [{email: %s%s}, {email: olga.reyes@northwind.example}]\n", leaverMail, leaving)
}

// System is its name in the configuration.
func (r *Register) System() string { return "custody" }

// Ways are the items that nobody changed or took over.
func (r *Register) Ways(context.Context) ([]string, error) {
	var ways []string
	for _, t := range r.items {
		if t.done.IsZero() {
			ways = append(ways, t.what)
		}
	}
	return ways, nil
}

// Others is that the file is as its keepers wrote it: lastday writes none.
func (r *Register) Others(context.Context) (map[string]string, error) {
	if _, err := os.Stat(r.path + ".draft"); err == nil {
		return nil, fmt.Errorf("a draft of the register was left")
	}
	return map[string]string{}, nil
}

// Writes are none: it is a file that people keep.
func (r *Register) Writes(context.Context) ([]string, error) { return nil, nil }
