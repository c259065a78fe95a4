package lastday

import "fmt"

// Level compares rungs of different ladders: what somebody at that rung could
// do at worst. Levels are ordered; a higher value can do more.
type Level int

// The levels, lowest first.
const (
	// LevelNone can do nothing.
	LevelNone Level = iota
	// LevelSignIn can enter, and see no more than its own profile.
	LevelSignIn
	// LevelRead can see what is not public.
	LevelRead
	// LevelWrite can change what others rely on.
	LevelWrite
	// LevelAdmin can grant, destroy, impersonate or act on customers' accounts.
	LevelAdmin
)

func levelNames() [5]string { return [5]string{"none", "sign-in", "read", "write", "admin"} }

// Levels lists all levels, highest first.
func Levels() []Level {
	return []Level{LevelAdmin, LevelWrite, LevelRead, LevelSignIn, LevelNone}
}

// ParseLevel reads the name of a level as it stands in policies and records.
func ParseLevel(name string) (Level, error) {
	for i, n := range levelNames() {
		if n == name {
			return Level(i), nil
		}
	}
	return LevelNone, Errorf(CodeInvalid, "level", "%q is none of admin, write, read, sign-in, none", name)
}

// String is the level's name.
func (l Level) String() string {
	if l < LevelNone || l > LevelAdmin {
		return fmt.Sprintf("level(%d)", int(l))
	}
	return levelNames()[l]
}

// MarshalText writes the level's name.
func (l Level) MarshalText() ([]byte, error) {
	if l < LevelNone || l > LevelAdmin {
		return nil, Errorf(CodeInvalid, "level", "%d is no level", int(l))
	}
	return []byte(l.String()), nil
}

// UnmarshalText reads the level's name.
func (l *Level) UnmarshalText(text []byte) error {
	parsed, err := ParseLevel(string(text))
	if err != nil {
		return err
	}
	*l = parsed
	return nil
}

// None is the name of the lowest rung of every ladder: the grant is gone.
const None = "none"

// Rung is one step of a ladder: the far side's own name for a role, and the
// level at which it is to be feared.
type Rung struct {
	Name  string `json:"name"`
	Level Level  `json:"level"`
}

// Ladder is a grant's native roles, highest first. The rung "none" is always
// there and need not be listed.
type Ladder []Rung

// Rung finds a rung by its name. "none" is found on every ladder.
func (l Ladder) Rung(name string) (Rung, bool) {
	if name == None {
		return Rung{Name: None, Level: LevelNone}, true
	}
	for _, r := range l {
		if r.Name == name {
			return r, true
		}
	}
	return Rung{}, false
}

// Under is the highest rung whose level is at or under the ceiling.
func (l Ladder) Under(ceiling Level) Rung {
	for _, r := range l {
		if r.Level <= ceiling {
			return r
		}
	}
	return Rung{Name: None, Level: LevelNone}
}

// Compare says whether rung a stands above (+1), at (0) or below (-1) rung b.
// It is an error when the ladder knows one of them not: an unknown rung must
// never be taken for a low one.
func (l Ladder) Compare(a, b string) (int, error) {
	pa, err := l.position(a)
	if err != nil {
		return 0, err
	}
	pb, err := l.position(b)
	if err != nil {
		return 0, err
	}
	switch {
	case pa < pb:
		return 1, nil
	case pa > pb:
		return -1, nil
	}
	return 0, nil
}

func (l Ladder) position(name string) (int, error) {
	for i, r := range l {
		if r.Name == name {
			return i, nil
		}
	}
	if name == None {
		return len(l), nil
	}
	return 0, Errorf(CodeInvalid, "ladder", "no rung %q", name)
}
