package e2e

import (
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"testing"
	"time"
)

// TestEndWithStalledViewersOfAllForms: those that take no last word are waited
// for together, not one form after the other, so that the process is gone in
// time.
func TestEndWithStalledViewersOfAllForms(t *testing.T) {
	need(t, "ffmpeg")
	jpegs, films := newJPEGCamera(t), newFilmCamera(t)
	s := startGateway(t, fmt.Sprintf("cameras: {jpegs: {source: '%s'}, front: {source: '%s'}}", jpegs.source(), films.source()))
	healthy := make(map[numbersCamera]*spectator)
	for _, form := range outputForms {
		camera, name := numbersCamera(jpegs), "jpegs"
		if form.film {
			camera, name = films, "front"
		}
		healthy[camera] = watchCamera(t, s, name, form, 0)
		watchCamera(t, s, name, form, smallBuffer) // and never reads
	}
	for camera := range healthy {
		camera.awaitConnection()
	}
	for range 100 { // more than the queues take
		for camera, v := range healthy {
			showAll(camera, v)
		}
	}
	s.endsInTime(t)
}

// TestEndWhileAnotherProcessHoldsTheDatabase: what was last used, which is still
// to be written then, is not worth the time of those who wait for the end.
func TestEndWhileAnotherProcessHoldsTheDatabase(t *testing.T) {
	t.Parallel()
	g := startGuarded(t, `cameras: {front: {source: "test:"}}`)
	who := credentials{cookie: g.session(t, g.admin.name, time.Hour)}
	viewer := g.open(t, g.request(t, "GET", "/live/front.mjpeg", nil, nil), who, nil)
	file := url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(g.data, "state.db")), RawQuery: "mode=rw&_txlock=immediate"}
	db, err := sql.Open("sqlite", file.String())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	g.endsInTime(t)
	<-viewer.ended
}
