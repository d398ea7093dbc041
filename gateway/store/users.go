package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// AdminAction is the action of the grant that makes an admin. It is the only
// one the store knows, for the sake of ErrLastAdmin.
const AdminAction = "admin"

// Grant allows an action on a camera. What actions there are, and how all
// cameras are written, is for the caller.
type Grant struct{ Camera, Action string }

// User is somebody with a password.
type User struct {
	ID         int64 // never used again for another
	Name       string
	Password   string // its hash
	Generation int64  // how often the password was changed
	Created    time.Time
	First      bool    // the password is that of AddFirstAdmin, where a version that knows of this added it
	Grants     []Grant // sorted by camera and action
}

const userColumns = `SELECT id, name, password, generation, created_ms, first,
	(SELECT json_group_array(json_array(camera, action)) FROM user_grants WHERE user = users.id) FROM users`

// Users gives all users, by name.
func (s *Store) Users(ctx context.Context) ([]User, error) {
	users, err := collect(ctx, s.db, scanUser, userColumns+" ORDER BY name")
	return users, s.explain("reading the users", err)
}

// UserNamed gives the user of a name, in whatever case, or ErrUnknown.
func (s *Store) UserNamed(ctx context.Context, name string) (User, error) {
	user, err := scanUser(s.row(ctx, userColumns+" WHERE name = ?", name))
	return user, s.explain("reading the user", err)
}

// User gives a user, or ErrUnknown.
func (s *Store) User(ctx context.Context, id int64) (User, error) {
	user, err := scanUser(s.row(ctx, userColumns+" WHERE id = ?", id))
	return user, s.explain("reading the user", err)
}

func scanUser(row scanner) (u User, err error) {
	var created int64
	var grants string
	if err := row.Scan(&u.ID, &u.Name, &u.Password, &u.Generation, &created, &u.First, &grants); err != nil {
		return User{}, err
	}
	u.Created = fromMillis(created)
	u.Grants, err = parseGrants(grants)
	return u, err
}

// parseGrants reads the pairs that SQLite made.
func parseGrants(text string) ([]Grant, error) {
	var pairs [][2]string
	if err := json.Unmarshal([]byte(text), &pairs); err != nil {
		return nil, err
	}
	grants := make([]Grant, len(pairs))
	for i, pair := range pairs {
		grants[i] = Grant{Camera: pair[0], Action: pair[1]}
	}
	slices.SortFunc(grants, func(a, b Grant) int {
		if order := strings.Compare(a.Camera, b.Camera); order != 0 {
			return order
		}
		return strings.Compare(a.Action, b.Action)
	})
	return grants, nil
}

// AddUser adds a user, of which it takes Name, Password and Grants, and gives it
// as it is now. ErrExists says that the name is taken, in whatever case.
func (s *Store) AddUser(ctx context.Context, u User) (User, error) {
	err := s.write(ctx, "adding the user", func(tx *sql.Tx) (err error) {
		u, err = insertUser(ctx, tx, u)
		return err
	})
	return u, err
}

// AddFirstAdmin adds a user as AddUser does, as First, and a login for it, if nobody
// is admin. added says whether it did.
func (s *Store) AddFirstAdmin(ctx context.Context, u User, login Login) (_ User, added bool, err error) {
	err = s.write(ctx, "adding the first admin", func(tx *sql.Tx) error {
		added = false // in an earlier try it may have been
		admins, err := countAdmins(ctx, tx)
		if err != nil || admins > 0 {
			return err
		}
		if u, err = insertUser(ctx, tx, u); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE users SET first = 1 WHERE id = ?", u.ID); err != nil {
			return err
		}
		u.First = true
		login.User = u.ID
		added = true
		return insertLogin(ctx, tx, login)
	})
	return u, added && err == nil, err
}

// HasAdmin says whether anybody is admin.
func (s *Store) HasAdmin(ctx context.Context) (bool, error) {
	var admins int
	err := s.row(ctx, adminCount, AdminAction).Scan(&admins)
	return admins > 0, s.explain("looking for an admin", err)
}

func insertUser(ctx context.Context, tx *sql.Tx, u User) (User, error) {
	now := time.Now()
	u.Generation = 1
	result, err := tx.ExecContext(ctx, "INSERT INTO users (name, password, generation, created_ms) VALUES (?, ?, ?, ?)", u.Name, u.Password, u.Generation, millis(now))
	if err != nil {
		return u, err
	}
	u.Created = fromMillis(millis(now))
	if u.ID, err = result.LastInsertId(); err != nil {
		return u, err
	}
	return u, insertGrants(ctx, tx, "user_grants", u.ID, u.Grants)
}

// insertGrants adds the grants of a user or token, each once.
func insertGrants(ctx context.Context, tx *sql.Tx, table string, id int64, grants []Grant) error {
	for _, g := range grants {
		if _, err := tx.ExecContext(ctx, "INSERT INTO "+table+" VALUES (?, ?, ?) ON CONFLICT DO NOTHING", id, g.Camera, g.Action); err != nil {
			return err
		}
	}
	return nil
}

// SetPassword gives a user another password, and ends its sessions and logins.
func (s *Store) SetPassword(ctx context.Context, id int64, hash string) error {
	return s.write(ctx, "changing the password", func(tx *sql.Tx) error {
		err := changedOne(tx.ExecContext(ctx, "UPDATE users SET password = ?, generation = generation + 1, first = 0 WHERE id = ?", hash, id))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM sessions WHERE user = ?", id); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "DELETE FROM logins WHERE user = ?", id)
		return err
	})
}

// Rehash replaces the hash of a user's password by another of the same
// password, if it is still the old one. Nobody is logged out.
func (s *Store) Rehash(ctx context.Context, id int64, old, hash string) error {
	return s.write(ctx, "renewing the password's hash", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "UPDATE users SET password = ? WHERE id = ? AND password = ?", hash, id, old)
		return err
	})
}

// SetUserGrants replaces all grants of a user. ErrLastAdmin says that nobody
// would be admin any more.
func (s *Store) SetUserGrants(ctx context.Context, id int64, grants []Grant) error {
	return s.writeLeavingAnAdmin(ctx, "changing the grants", func(tx *sql.Tx) error {
		var name string
		if err := tx.QueryRowContext(ctx, "SELECT name FROM users WHERE id = ?", id).Scan(&name); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM user_grants WHERE user = ?", id); err != nil {
			return err
		}
		return insertGrants(ctx, tx, "user_grants", id, grants)
	})
}

// RemoveUser removes a user with its sessions, logins and grants.
// ErrLastAdmin says that nobody would be admin any more.
func (s *Store) RemoveUser(ctx context.Context, id int64) error {
	return s.writeLeavingAnAdmin(ctx, "removing the user", func(tx *sql.Tx) error {
		return changedOne(tx.ExecContext(ctx, "DELETE FROM users WHERE id = ?", id))
	})
}

// writeLeavingAnAdmin undoes a write that leaves nobody admin, where somebody
// was before.
func (s *Store) writeLeavingAnAdmin(ctx context.Context, what string, f func(*sql.Tx) error) error {
	return s.write(ctx, what, func(tx *sql.Tx) error {
		before, err := countAdmins(ctx, tx)
		if err != nil {
			return err
		}
		if err := f(tx); err != nil {
			return err
		}
		after, err := countAdmins(ctx, tx)
		if err == nil && before > 0 && after == 0 {
			err = ErrLastAdmin
		}
		return err
	})
}

const adminCount = "SELECT count(DISTINCT user) FROM user_grants WHERE action = ?"

func countAdmins(ctx context.Context, tx *sql.Tx) (n int, err error) {
	err = tx.QueryRowContext(ctx, adminCount, AdminAction).Scan(&n)
	return n, err
}
