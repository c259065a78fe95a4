// Package postgrestest starts real PostgreSQL servers for tests, and puts
// trouble between them and whoever talks to them.
//
// A server has its own data folder and port on the loopback, keeps nothing and
// is never run by root. It needs the server programs that come with the
// packages of PostgreSQL (Debian: postgresql); without them it is an error that
// says what to install, because a test that skips itself proves nothing.
package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// Password is the password of the superuser postgres of every server.
const Password = "sup3r-0f-all"

// Server is one running cluster.
type Server struct {
	// Addr is host and port.
	Addr string
	dir  string
	bin  string
	as   *syscall.SysProcAttr
}

// Start makes a cluster in dir, which must be empty, and starts it.
func Start(ctx context.Context, dir string) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	s := &Server{dir: filepath.Join(dir, "data"), bin: bin}
	if err := s.own(dir); err != nil {
		return nil, err
	}
	if err := s.initialize(ctx, dir); err != nil {
		return nil, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	s.Addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	options := fmt.Sprintf("-c listen_addresses=127.0.0.1 -c port=%d -c unix_socket_directories= -c fsync=off -c synchronous_commit=off "+
		"-c full_page_writes=off -c max_connections=200 -c wal_level=logical -c max_prepared_transactions=5", port)
	return s, s.run(ctx, "pg_ctl", "-D", s.dir, "-l", filepath.Join(s.dir, "log"), "-o", options, "-w", "-s", "start")
}

// Stop ends the cluster at once. Its data is for the caller to remove.
func (s *Server) Stop(ctx context.Context) error {
	return s.run(ctx, "pg_ctl", "-D", s.dir, "-m", "immediate", "-s", "stop")
}

// URL is a connection string for a user and a database, by way of addr; empty
// is the server's own.
func (s *Server) URL(addr, user, password, database string) string {
	if addr == "" {
		addr = s.Addr
	}
	u := url.URL{Scheme: "postgres", User: url.UserPassword(user, password), Host: addr, Path: "/" + database, RawQuery: "sslmode=disable"}
	return u.String()
}

// Connect opens a connection as a user.
func (s *Server) Connect(ctx context.Context, user, password, database string) (*pgx.Conn, error) {
	return pgx.Connect(ctx, s.URL("", user, password, database))
}

// Root opens a connection as the superuser.
func (s *Server) Root(ctx context.Context, database string) (*pgx.Conn, error) {
	return s.Connect(ctx, "postgres", Password, database)
}

// Allow puts a line in front of those that say who may connect how, and lets
// the server read them again.
func (s *Server) Allow(ctx context.Context, line string) error {
	path := filepath.Join(s.dir, "pg_hba.conf")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, append([]byte(line+"\n"), text...), 0o600); err != nil {
		return err
	}
	return s.run(ctx, "pg_ctl", "-D", s.dir, "-s", "reload")
}

// own gives the folder to the account that runs the server: PostgreSQL refuses
// to be run by root.
func (s *Server) own(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		return fmt.Errorf("root cannot run PostgreSQL, and there is no user postgres: install the package postgresql: %w", err)
	}
	uid, errUID := strconv.ParseUint(account.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(account.Gid, 10, 32)
	if err := errors.Join(errUID, errGID); err != nil {
		return err
	}
	s.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	if err := passable(filepath.Dir(dir)); err != nil {
		return err
	}
	return os.Chown(dir, int(uid), int(gid))
}

// passable lets others go through a folder, such as the one that a test's
// temporary folders are in.
func passable(dir string) error {
	info, err := os.Stat(dir)
	if err != nil || info.Mode()&0o011 == 0o011 {
		return err
	}
	return os.Chmod(dir, info.Mode().Perm()|0o011)
}

func (s *Server) initialize(ctx context.Context, dir string) error {
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(Password+"\n"), 0o644); err != nil { //nolint:gosec // the account that runs the server must read it, and it is no secret
		return err
	}
	return s.run(ctx, "initdb", "-D", s.dir, "-U", "postgres", "-A", "scram-sha-256", "--pwfile", secret,
		"-E", "UTF8", "--locale=C", "-N")
}

// run runs one of the server's programs. Its output goes to a file: a server
// that stays behind would hold a pipe open.
func (s *Server) run(ctx context.Context, name string, args ...string) error {
	out, err := os.CreateTemp("", "postgrestest-*.log")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(out.Name()) }()
	defer out.Close()
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...) //nolint:gosec // the programs and folders are the tests' own
	cmd.SysProcAttr, cmd.Dir, cmd.Stdout, cmd.Stderr = s.as, filepath.Dir(s.dir), out, out
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(e string) bool { return len(e) > 2 && e[:2] == "PG" }), "LC_ALL=C")
	if err := cmd.Run(); err != nil {
		said, _ := os.ReadFile(out.Name())
		logged, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		return fmt.Errorf("%s: %w: %s%s", name, err, said, logged)
	}
	return nil
}

// programs finds the folder of the server's programs: in PATH, or where Debian
// keeps them, the newest first.
func programs() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errors.New("PostgreSQL's server programs (initdb, pg_ctl) are neither in PATH nor in /usr/lib/postgresql: " +
			"install them (Debian: apt-get install postgresql)")
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

func version(path string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path))))
	return n
}

// freePort finds a port that is free now. Its port is under those that
// connections are given by themselves: none takes it before it is used.
func freePort(ctx context.Context) (int, error) {
	for range 100 {
		port := 20000 + rand.IntN(12000) //nolint:gosec // A port is no secret.
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return port, l.Close()
		}
	}
	return 0, errors.New("no port is free between 20000 and 32000")
}
