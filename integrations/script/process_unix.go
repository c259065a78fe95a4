//go:build unix

package script

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"lastday"
)

// isolate gives the program a process group of its own, so that it can be ended
// with all that it started.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return end(cmd) }
}

func end(cmd *exec.Cmd) error {
	err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// trusted says whether nobody but root and ourselves can say what the program
// does: the file and every folder above it are looked at. Groups that may change
// a folder are left to whoever gave it to them.
func trusted(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return lastday.Errorf(lastday.CodeInvalid, "script: command", "there is no such file, or it cannot be looked at")
	}
	info, err := os.Stat(real)
	if err != nil {
		return lastday.Errorf(lastday.CodeInvalid, "script: command", "it cannot be looked at")
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0 {
		return lastday.Errorf(lastday.CodeInvalid, "script: command", "it is no program: a regular file that may be executed")
	}
	if info.Mode().Perm()&0o022 != 0 || !ours(info) {
		return lastday.Errorf(lastday.CodeInvalid, "script: command", "others may change it: it must be root's or our own, and writable by its owner alone (chmod go-w)")
	}
	for dir := filepath.Dir(real); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return lastday.Errorf(lastday.CodeInvalid, "script: command", "a folder above it cannot be looked at")
		}
		if !ours(info) {
			return lastday.Errorf(lastday.CodeInvalid, "script: command", "somebody else owns a folder above it, and may put another program there")
		}
		if info.Mode().Perm()&0o002 != 0 && info.Mode()&os.ModeSticky == 0 {
			return lastday.Errorf(lastday.CodeInvalid, "script: command", "everybody may change a folder above it")
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

func ours(info os.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && (stat.Uid == 0 || int(stat.Uid) == os.Geteuid())
}
