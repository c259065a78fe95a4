package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"lastday"
	"lastday/audit"
	"lastday/audit/store"
)

// OpenRecords opens the store of records. Who opens it closes it.
func (p *Parts) OpenRecords(ctx context.Context) (*store.Store, error) {
	key, keys, err := p.recordKeys(ctx)
	if err != nil {
		return nil, err
	}
	options := store.Options{Now: p.deps.Now, Key: key, Keys: keys}
	r := p.Config.Records
	if r.Postgres == "" {
		return store.OpenSQLite(ctx, p.Config.Path(r.File), options)
	}
	connection, err := p.deps.Secret(ctx, r.Postgres)
	if err != nil {
		return nil, lastday.Wrap(lastday.CodeInvalid, "records", "postgres", err)
	}
	return store.OpenPostgres(ctx, connection, options)
}

// PublicKeys are the keys that may have signed the log.
func (p *Parts) PublicKeys(ctx context.Context) (*audit.Keys, error) {
	_, keys, err := p.recordKeys(ctx)
	return keys, err
}

// recordKeys are the key that signs, and all that may have signed.
func (p *Parts) recordKeys(ctx context.Context) (*audit.Key, *audit.Keys, error) {
	text, err := p.recordKey(ctx)
	if err != nil {
		return nil, nil, err
	}
	key, err := audit.ParseKey(text)
	if err != nil {
		return nil, nil, lastday.Wrap(lastday.CodeInvalid, "records", "key", err)
	}
	public := key.Public()
	if path := p.Config.Records.Keys; path != "" {
		older, err := os.ReadFile(p.Config.Path(path))
		if err != nil {
			return nil, nil, lastday.Wrap(lastday.CodeInvalid, "records", "keys", err)
		}
		public += "\n" + string(older)
	}
	keys, err := audit.ParseKeys(public)
	return key, keys, err
}

func (p *Parts) recordKey(ctx context.Context) (string, error) {
	r := p.Config.Records
	if r.Key == "" {
		return ownKey(p.Config.Path(strings.TrimSuffix(r.File, ".db")+".key"), r.Origin)
	}
	text, err := p.deps.Secret(ctx, r.Key)
	if err != nil {
		return "", lastday.Wrap(lastday.CodeInvalid, "records", "key", err)
	}
	return text, nil
}

// ownKey reads the key of a store on this machine, and makes it if there is
// none. Two processes that make it at once end with the same one.
func ownKey(path, origin string) (string, error) {
	text, err := os.ReadFile(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return string(text), wrapKey("read", err)
	}
	private, public, err := audit.NewKey(origin)
	if err != nil {
		return "", err
	}
	if err := writeOnce(path, private+"\n"); err != nil {
		return "", err
	}
	text, err = os.ReadFile(path)
	if err != nil || strings.TrimSpace(string(text)) != private {
		return string(text), wrapKey("read", err)
	}
	return private, wrapKey("write the public half", os.WriteFile(path+".pub", []byte(public+"\n"), 0o644)) //nolint:gosec // It is for everybody.
}

// writeOnce makes a file with its content at once, unless it is there.
func writeOnce(path, text string) error {
	draft, err := os.CreateTemp(filepath.Dir(path), ".key-*")
	if err != nil {
		return wrapKey("make", err)
	}
	defer func() { _ = os.Remove(draft.Name()) }()
	_, err = draft.WriteString(text)
	if err := errors.Join(err, draft.Sync(), draft.Close()); err != nil {
		return wrapKey("write", err)
	}
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return wrapKey("make", err)
	}
	return nil
}

func wrapKey(what string, err error) error {
	if err == nil {
		return nil
	}
	return lastday.Wrap(lastday.CodeInvalid, "records", what+" the key that signs", err)
}

// recorder keeps records in the store.
type recorder struct{ store *store.Store }

// Append writes records in their order, all or none.
func (r recorder) Append(ctx context.Context, records []lastday.Record) error {
	_, err := r.store.Append(ctx, records)
	return err
}

// LastSeq is the number of the last record of a case.
func (r recorder) LastSeq(ctx context.Context, caseID string) (int, error) {
	return r.store.LastSeq(ctx, caseID)
}
