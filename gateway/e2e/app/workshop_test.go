package app

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite" // the driver of an index

	"framegate/gateway/e2e/rig"
)

// workshop is a gateway that journeys stop, and whose disk they spoil.
type workshop struct {
	*rig.Guarded
	folder string // of recordings
	index  *sql.DB
	state  *sql.DB
}

// workshopCameras keep so much of the disk free.
const workshopCameras = `
recordings: {dir: %q, min_free: %s}
cameras:
  yard: {name: The yard, source: 'test:?width=160&height=120&fps=5'}
  gate: {name: Gate, source: 'test:?width=160&height=120&fps=5', record: {mode: continuous}}
`

func openWorkshop(t *testing.T) *workshop {
	w := &workshop{folder: filepath.Join(t.TempDir(), "recordings")}
	w.Guarded = rig.StartGuarded(t, w.configuration("0"))
	w.Beside(t, "user", "passwd", w.Admin.Name, "--password-file", rig.PasswordFile(t, rig.GoodPassword))
	return w
}

func (w *workshop) configuration(free string) string {
	return fmt.Sprintf(workshopCameras, w.folder, free)
}

// deeds are what journeys may have done to the gateway, by name.
func (w *workshop) deeds(t *testing.T) map[string]func() {
	must := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	keepFree := func(free string) func() {
		return func() { must(os.WriteFile(w.Config, []byte(w.configuration(free)), 0o600)) }
	}
	away := w.folder + ".away"
	return map[string]func(){
		"stop the server":    func() { w.End(t) },
		"start the server":   func() { w.StartAgain(t) },
		"take the disk away": func() { must(os.Rename(w.folder, away)) },
		"give the disk back": func() { must(os.Rename(away, w.folder)) },
		"hold the index":     func() { must(w.hold(t)) },
		"let the index go":   func() { must(w.index.Close()) },
		"lock the database":  func() { must(w.lock(t)) },
		"let it go":          func() { must(w.state.Close()) },
		"fill the disk":      keepFree("1000TB"),
		"make room":          keepFree("0"),
	}
}

// hold has whoever writes to the index wait, as on a disk that does not answer.
func (w *workshop) hold(t *testing.T) (err error) {
	w.index, err = begin(t, filepath.Join(w.folder, "index.db"))
	return err
}

// lock has whoever writes to the state wait.
func (w *workshop) lock(t *testing.T) (err error) {
	w.state, err = begin(t, filepath.Join(w.Data, "state.db"))
	return err
}

// begin is another process that writes to a database.
func begin(t *testing.T, name string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(t.Context(), "BEGIN IMMEDIATE")
	return db, err
}

// certificateFiles gives the configuration of a server that has its certificate of
// files.
func certificateFiles(t *testing.T) string {
	t.Helper()
	_, chain, key := rig.CertificatePair(t)
	name := filepath.Join(t.TempDir(), "both.pem")
	if err := os.WriteFile(name, append(chain, key...), 0o600); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("files, cert: %q, key: %[1]q", name)
}
