package operation

import (
	"context"
	"database/sql"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

func TestGatewayEndsInOrder(t *testing.T) {
	s := rig.Start(t, "cameras: {phone: {source: 'upload:'}, pattern: {source: 'test:', keep: always}}")
	rig.SendNumbers(t, s, "phone")
	ctx, cancel := context.WithTimeout(t.Context(), rig.Ceiling)
	defer cancel()
	v, err := camtest.Watch(ctx, s.URL+"/live/phone.mjpeg", camtest.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if _, err := v.Next(); err != nil {
		t.Fatal(err)
	}
	s.EndInTime(t)
	for err == nil {
		_, err = v.Next()
	}
	if err != io.EOF {
		t.Errorf("the viewer's stream ended with %v, want the closing boundary and EOF", err)
	}
	if _, err := http.Get(s.URL + "/healthz"); err == nil {
		t.Error("it still answers")
	}
}

// TestEndWhileAnotherProcessHoldsTheDatabase: what was last used, which is still
// to be written then, is not worth the time of those who wait for the end.
func TestEndWhileAnotherProcessHoldsTheDatabase(t *testing.T) {
	t.Parallel()
	g := rig.StartGuarded(t, `cameras: {front: {source: "test:"}}`)
	who := g.AsAdmin(t)
	viewer := g.Open(t, g.Request(t, "GET", "/live/front.mjpeg", nil, nil), who, nil)
	file := url.URL{Scheme: "file", Path: filepath.ToSlash(filepath.Join(g.Data, "state.db")), RawQuery: "mode=rw&_txlock=immediate"}
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
	g.EndInTime(t)
	<-viewer.Ended
}
