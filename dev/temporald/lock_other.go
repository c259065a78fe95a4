//go:build !unix

package temporald

// lockFile does nothing where there is no flock: two servers on one file are then the caller's mistake to avoid.
func lockFile(string) (unlock func(), err error) {
	return func() {}, nil
}
