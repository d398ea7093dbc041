package store_test

import (
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"framegate/gateway/secret"
	"framegate/gateway/store"
)

var secretsEqual = cmp.Comparer(func(a, b secret.Text) bool { return a == b })

func TestCameraIsKept(t *testing.T) {
	dir := folder(t)
	s := open(t, dir)
	added, err := s.AddCamera(t.Context(), store.Camera{ID: "front", Document: []byte(`{"source":"x"}`), Secret: secret.New("pass")})
	must(t, err)
	must(t, s.Close())

	got, err := open(t, dir).Camera(t.Context(), "front")
	must(t, err)
	if diff := cmp.Diff(added, got, secretsEqual); diff != "" {
		t.Error(diff)
	}
	if got.Secret.Reveal() != "pass" || got.Created.IsZero() {
		t.Errorf("secret %q, created %v", got.Secret.Reveal(), got.Created)
	}
}

func TestCameraWithoutSecretAndDocument(t *testing.T) {
	s := open(t, folder(t))
	_, err := s.AddCamera(t.Context(), store.Camera{ID: "front"})
	must(t, err)
	all, err := s.Cameras(t.Context())
	must(t, err)
	if len(all) != 1 || !all[0].Secret.Empty() || len(all[0].Document) != 0 {
		t.Errorf("%+v", all)
	}
}

func TestCameraIsChangedByWhoKnowsItsRevision(t *testing.T) {
	ctx, s := t.Context(), open(t, folder(t))
	first, err := s.AddCamera(ctx, store.Camera{ID: "front", Document: []byte("1")})
	must(t, err)
	second, err := s.SetCamera(ctx, store.Camera{ID: "front", Document: []byte("2"), Revision: first.Revision})
	must(t, err)

	if _, err := s.SetCamera(ctx, store.Camera{ID: "front", Document: []byte("3"), Revision: first.Revision}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("an old revision: %v", err)
	}
	if err := s.RemoveCamera(ctx, "front", first.Revision); !errors.Is(err, store.ErrConflict) {
		t.Errorf("removing an old revision: %v", err)
	}
	got, err := s.Camera(ctx, "front")
	must(t, err)
	if string(got.Document) != "2" || got.Revision != second.Revision || second.Revision == first.Revision {
		t.Errorf("%s at %d, after %d and %d", got.Document, got.Revision, first.Revision, second.Revision)
	}
	if _, err := s.SetCamera(ctx, store.Camera{ID: "front", Document: []byte("4")}); err != nil {
		t.Errorf("whatever the revision: %v", err)
	}
}

// TestNotifiedAreKept sealed, changed by who knows the revision, and removed; another of
// the same name has another revision.
func TestNotifiedAreKept(t *testing.T) {
	ctx, dir := t.Context(), folder(t)
	s := open(t, dir)
	first, err := s.AddNotified(ctx, store.Notified{Name: "webhook/ops", Document: []byte("1"), Secret: secret.New("canary")})
	must(t, err)
	_, err = s.AddNotified(ctx, store.Notified{Name: "webhook/ops"})
	if !errors.Is(err, store.ErrExists) {
		t.Errorf("another of that name: %v", err)
	}
	if got, err := s.Notified(ctx, "webhook/ops"); err != nil || got.Secret.Reveal() != "canary" || string(got.Document) != "1" || got.Revision != first.Revision {
		t.Errorf("%+v, %v", got, err)
	}
	second, err := s.SetNotified(ctx, store.Notified{Name: "webhook/ops", Document: []byte("2"), Secret: secret.New("canary"), Revision: first.Revision})
	must(t, err)
	if _, err := s.SetNotified(ctx, store.Notified{Name: "webhook/ops", Revision: first.Revision}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("an old revision: %v", err)
	}
	if err := s.RemoveNotified(ctx, "webhook/ops", first.Revision); !errors.Is(err, store.ErrConflict) {
		t.Errorf("removing an old revision: %v", err)
	}
	db := raw(t, dir)
	_, err = db.Exec("INSERT INTO notified SELECT 'mqtt', 99, document, secret, 1, 1 FROM notified")
	must(t, err)
	if _, err := s.Notified(ctx, "mqtt"); !errors.Is(err, store.ErrDamaged) {
		t.Errorf("a secret that was moved: %v", err)
	}
	must(t, s.RemoveNotified(ctx, "mqtt", 0))
	must(t, s.RemoveNotified(ctx, "webhook/ops", second.Revision))
	third, err := s.AddNotified(ctx, store.Notified{Name: "webhook/ops"})
	must(t, err)
	if third.Revision == first.Revision || third.Revision == second.Revision {
		t.Error("a new one has a revision of the old one")
	}
	if all, err := s.AllNotified(ctx); err != nil || len(all) != 1 || !all[0].Secret.Empty() {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestRevisionIsNeverThatOfAnotherCamera(t *testing.T) {
	ctx, s := t.Context(), open(t, folder(t))
	first, err := s.AddCamera(ctx, store.Camera{ID: "front"})
	must(t, err)
	must(t, s.RemoveCamera(ctx, "front", first.Revision))
	second, err := s.AddCamera(ctx, store.Camera{ID: "front"})
	must(t, err)
	if first.Revision == second.Revision {
		t.Error("a new camera has the revision of the old one")
	}
}

func TestUnknownAndTaken(t *testing.T) {
	ctx, s := t.Context(), open(t, folder(t))
	fill(t, s)
	_, camera := s.Camera(ctx, "none")
	_, setCamera := s.SetCamera(ctx, store.Camera{ID: "none"})
	_, notified := s.Notified(ctx, "none")
	_, setNotified := s.SetNotified(ctx, store.Notified{Name: "none"})
	_, user := s.UserNamed(ctx, "none")
	_, userByID := s.User(ctx, 99)
	_, token := s.TokenOf(ctx, []byte("none"))
	_, session := s.SessionOf(ctx, []byte("none"))
	_, sessionOfNobody := s.AddSession(ctx, store.Session{Hash: []byte("new"), User: 99}, 10)
	_, login := s.TakeLogin(ctx, []byte("none"))
	_, named := s.Secret(ctx, "none")
	for what, err := range map[string]error{
		"camera": camera, "set camera": setCamera, "remove camera": s.RemoveCamera(ctx, "none", 0),
		"notified": notified, "set notified": setNotified, "remove notified": s.RemoveNotified(ctx, "none", 0),
		"user": user, "user by id": userByID, "remove user": s.RemoveUser(ctx, 99), "password": s.SetPassword(ctx, 99, "x"),
		"grants": s.SetUserGrants(ctx, 99, nil), "token": token, "remove token": s.RemoveToken(ctx, 99), "session": session,
		"session of nobody": sessionOfNobody, "remove session": s.RemoveSession(ctx, 99), "login": login,
		"login of nobody": s.AddLogin(ctx, 99, store.Login{Hash: []byte("x")}), "secret": named,
	} {
		if !errors.Is(err, store.ErrUnknown) {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, takenCamera := s.AddCamera(ctx, store.Camera{ID: "cam-aa"})
	_, takenUser := s.AddUser(ctx, store.User{Name: "ANNA"})
	_, takenToken := s.AddToken(ctx, store.Token{Name: "Nvr", Hash: []byte("other")}, secret.Text{})
	for what, err := range map[string]error{"camera": takenCamera, "user": takenUser, "token": takenToken} {
		if !errors.Is(err, store.ErrExists) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestUserIsKept(t *testing.T) {
	s := open(t, folder(t))
	want := fill(t, s)
	got, err := s.UserNamed(t.Context(), "Anna")
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNewPasswordEndsSessionsAndLogins(t *testing.T) {
	ctx, s := t.Context(), open(t, folder(t))
	user := fill(t, s)
	session, err := s.SessionOf(ctx, []byte("session"))
	must(t, err)
	must(t, s.AddLogin(ctx, session.ID, store.Login{Hash: []byte("login"), Expires: time.Now().Add(time.Hour)}))
	must(t, s.SetPassword(ctx, user.ID, "other"))
	if err := s.AddLogin(ctx, session.ID, store.Login{Hash: []byte("late"), Expires: time.Now().Add(time.Hour)}); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("a login by the session that ended: %v", err)
	}
	if _, err := s.SessionOf(ctx, []byte("session")); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("the session: %v", err)
	}
	if _, err := s.TakeLogin(ctx, []byte("login")); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("the login: %v", err)
	}
	got, err := s.User(ctx, user.ID)
	must(t, err)
	if got.Password != "other" || got.Generation != user.Generation+1 {
		t.Errorf("%+v", got)
	}
}

func TestRehashIsForTheOldHashAlone(t *testing.T) {
	ctx, s := t.Context(), open(t, folder(t))
	user := fill(t, s)
	must(t, s.Rehash(ctx, user.ID, "not the hash", "wrong"))
	must(t, s.Rehash(ctx, user.ID, "hash", "better"))
	got, err := s.User(ctx, user.ID)
	must(t, err)
	if got.Password != "better" || got.Generation != user.Generation {
		t.Errorf("%+v", got)
	}
}

func TestLastAdminStays(t *testing.T) {
	ctx, s := t.Context(), open(t, folder(t))
	anna := fill(t, s)
	if err := s.RemoveUser(ctx, anna.ID); !errors.Is(err, store.ErrLastAdmin) {
		t.Errorf("removed: %v", err)
	}
	if err := s.SetUserGrants(ctx, anna.ID, nil); !errors.Is(err, store.ErrLastAdmin) {
		t.Errorf("demoted: %v", err)
	}
	got, err := s.User(ctx, anna.ID)
	must(t, err)
	if diff := cmp.Diff(anna, got); diff != "" {
		t.Error("was changed even so:", diff)
	}
	if _, err := s.SessionOf(ctx, []byte("session")); err != nil {
		t.Error("the session is gone even so:", err)
	}
	_, err = s.AddUser(ctx, store.User{Name: "berta", Grants: []store.Grant{{Action: "admin"}}})
	must(t, err)
	must(t, s.RemoveUser(ctx, anna.ID))
}

func TestFirstAdminIsMadeOnce(t *testing.T) {
	dir := folder(t)
	open(t, dir) // so that all race for the admin alone
	var added sync.Map
	var race sync.WaitGroup
	for i := range 4 {
		s := open(t, dir)
		race.Go(func() {
			name := fmt.Sprint("admin", i)
			_, ok, err := s.AddFirstAdmin(t.Context(), store.User{Name: name, Grants: []store.Grant{{Action: "admin"}}}, store.Login{Hash: []byte(name)})
			if err != nil {
				t.Error(err)
			}
			if ok {
				added.Store(name, true)
			}
		})
	}
	race.Wait()
	users, err := open(t, dir).Users(t.Context())
	must(t, err)
	count := 0
	added.Range(func(any, any) bool { count++; return true })
	if len(users) != 1 || count != 1 {
		t.Errorf("%d users, %d were told they are first", len(users), count)
	}
}

func TestLoginIsTakenOnce(t *testing.T) {
	ctx, s := t.Context(), open(t, folder(t))
	user := fill(t, s)
	session, err := s.SessionOf(ctx, []byte("session"))
	must(t, err)
	must(t, s.AddLogin(ctx, session.ID, store.Login{Hash: []byte("old")}))
	must(t, s.AddLogin(ctx, session.ID, store.Login{Hash: []byte("new")}))
	if _, err := s.TakeLogin(ctx, []byte("old")); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("the one that was replaced: %v", err)
	}
	var taken, unknown int
	var mu sync.Mutex
	var race sync.WaitGroup
	for range 8 {
		race.Go(func() {
			l, err := s.TakeLogin(ctx, []byte("new"))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil && l.User == user.ID:
				taken++
			case errors.Is(err, store.ErrUnknown):
				unknown++
			}
		})
	}
	race.Wait()
	if taken != 1 || unknown != 7 {
		t.Errorf("taken by %d, refused to %d", taken, unknown)
	}
}

func TestSessionsLongestUnusedGoFirst(t *testing.T) {
	ctx, s := t.Context(), open(t, folder(t))
	user := fill(t, s)
	var last store.Session
	for i := range 5 {
		v, err := s.AddSession(ctx, store.Session{Hash: []byte{byte(i)}, User: user.ID}, 3)
		must(t, err)
		must(t, s.Touch(ctx, store.Used{Sessions: map[int64]time.Time{v.ID: time.Now().Add(time.Duration(i) * time.Minute)}}))
		last = v
	}
	got, err := s.Sessions(ctx, user.ID)
	must(t, err)
	if len(got) != 3 || got[0].ID != last.ID {
		t.Errorf("%d left, the newest %d, want 3 with %d", len(got), got[0].ID, last.ID)
	}
	none, err := s.Sessions(ctx, user.ID+1)
	must(t, err)
	all, err := s.Sessions(ctx, 0)
	must(t, err)
	if len(none) != 0 || len(all) != 3 {
		t.Errorf("%d of nobody, %d in all", len(none), len(all))
	}
}

func TestPruneTakesWhatExpired(t *testing.T) {
	ctx, s := t.Context(), open(t, folder(t))
	user := fill(t, s)
	now := time.Now()
	kept, err := s.AddSession(ctx, store.Session{Hash: []byte("good"), User: user.ID, Expires: now.Add(time.Hour)}, 10)
	must(t, err)
	_, err = s.AddSession(ctx, store.Session{Hash: []byte("expired"), User: user.ID, Expires: now.Add(-time.Hour)}, 10)
	must(t, err)
	must(t, s.AddLogin(ctx, kept.ID, store.Login{Hash: []byte("login"), Expires: now.Add(-time.Hour)}))
	must(t, s.Prune(ctx, now, now.Add(-time.Hour), now))
	_, good := s.SessionOf(ctx, []byte("good"))
	_, expired := s.SessionOf(ctx, []byte("expired"))
	_, login := s.TakeLogin(ctx, []byte("login"))
	if good != nil || !errors.Is(expired, store.ErrUnknown) || !errors.Is(login, store.ErrUnknown) {
		t.Errorf("good %v, expired %v, login %v", good, expired, login)
	}
	must(t, s.Prune(ctx, now, now.Add(time.Minute), now))
	if _, err := s.SessionOf(ctx, []byte("good")); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("unseen: %v", err)
	}
}

// TestRevisionsMove checks of each write whether it moves which revision: a
// server that misses one goes on letting in whom it should not.
func TestLinksAreKept(t *testing.T) {
	s, ctx := open(t, folder(t)), t.Context()
	fill(t, s)
	end := time.UnixMilli(1_900_000_000_000).UTC()
	var ids []int64
	for _, l := range []store.Link{
		{Name: "printer", Camera: "cam-aa", Action: "view", Maker: "user:anna"},
		{Camera: "front", Action: "publish", Maker: "token:nvr", Expires: end},
	} {
		added, err := s.AddLink(ctx, l)
		must(t, err)
		read, err := s.Link(ctx, added.ID)
		if l.ID, l.Created = added.ID, added.Created; err != nil || read != added || added != l || added.Created.IsZero() {
			t.Errorf("%+v, %+v, %v", read, added, err)
		}
		ids = append(ids, added.ID)
	}
	must(t, s.Touch(ctx, store.Used{Links: map[int64]time.Time{ids[0]: end, ids[1]: end, 99: end}}))
	before, err := s.AccessRevision(ctx)
	must(t, err)
	must(t, s.RemoveCamera(ctx, "cam-aa", 0)) // with what is good for it
	all, err := s.Links(ctx)
	if err != nil || len(all) != 1 || all[0].ID != ids[1] || all[0].Used != end {
		t.Errorf("%+v, %v", all, err)
	}
	if after, err := s.AccessRevision(ctx); err != nil || after == before {
		t.Errorf("the revision stays at %d, %v", after, err)
	}
	must(t, s.RemoveLink(ctx, ids[1]))
	if err := s.RemoveLink(ctx, ids[1]); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("%v", err)
	}
	if l, err := s.AddLink(ctx, store.Link{Camera: "front", Action: "view"}); err != nil || l.ID <= ids[1] {
		t.Errorf("an id comes again: %+v, %v", l, err)
	}
}

func TestLinksAreBounded(t *testing.T) {
	s, ctx := open(t, folder(t)), t.Context()
	fill(t, s)
	_, err := raw(t, s.Dir()).Exec(`INSERT INTO links (name, camera, action, maker, created_ms, expires_ms, used_ms)
		WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 999) SELECT '', 'front', 'view', '', 0, 0, 0 FROM n`)
	must(t, err)
	_, err = s.AddLink(ctx, store.Link{Camera: "front", Action: "view"})
	must(t, err)
	if _, err := s.AddLink(ctx, store.Link{Camera: "front", Action: "view"}); !errors.Is(err, store.ErrTooMany) {
		t.Errorf("%v", err)
	}
}

func TestPreferencesGoWithTheirUser(t *testing.T) {
	s, ctx := open(t, folder(t)), t.Context()
	fill(t, s)
	berta, err := s.AddUser(ctx, store.User{Name: "berta", Password: "hash"})
	must(t, err)
	want := func(user int64, document string) {
		t.Helper()
		if got, err := s.Preferences(ctx, user); err != nil || string(got) != document {
			t.Errorf("of %d: %s, %v", user, got, err)
		}
	}
	before, err := s.AccessRevision(ctx)
	must(t, err)
	want(berta.ID, "")
	for owner, document := range map[int64]string{0: `{"a":0}`, berta.ID: `{"a":1}`} {
		must(t, s.SetPreferences(ctx, owner, []byte(`{}`)))
		must(t, s.SetPreferences(ctx, owner, []byte(document)))
	}
	want(0, `{"a":0}`)
	want(berta.ID, `{"a":1}`)
	if after, err := s.AccessRevision(ctx); err != nil || after != before {
		t.Errorf("the revision went from %d to %d, %v", before, after, err)
	}
	if err := s.SetPreferences(ctx, 4711, []byte(`{}`)); !errors.Is(err, store.ErrUnknown) {
		t.Errorf("%v", err)
	}
	must(t, s.RemoveUser(ctx, berta.ID))
	want(berta.ID, "")
	want(0, `{"a":0}`)
}

func TestPlacesAreTheLastOnes(t *testing.T) {
	s, ctx := open(t, folder(t)), t.Context()
	user := fill(t, s)
	const many = 100
	now := time.UnixMilli(1_800_000_000_000).UTC()
	for i := range many {
		place := store.Place{User: user.ID, Network: fmt.Sprintf("10.0.0.%d", i)}
		must(t, s.Touch(ctx, store.Used{Places: map[store.Place]time.Time{place: now.Add(time.Duration(i) * time.Minute), {User: 99, Network: "x"}: now}}))
	}
	first := store.Place{User: user.ID, Network: "10.0.0.99"}
	must(t, s.Touch(ctx, store.Used{Places: map[store.Place]time.Time{first: now}})) // late, and changes nothing
	places, err := s.Places(ctx)
	must(t, err)
	if len(places) != 64 || places[0].Network != "10.0.0.36" || places[63] != (store.KnownPlace{Place: first, Name: "anna", Seen: now.Add(99 * time.Minute)}) {
		t.Errorf("%d places, %+v to %+v", len(places), places[0], places[len(places)-1])
	}
	must(t, s.Prune(ctx, now, now, now.Add(98*time.Minute)))
	if places, err = s.Places(ctx); err != nil || len(places) != 2 {
		t.Errorf("after pruning %v, %v", places, err)
	}
	_, err = s.AddUser(ctx, store.User{Name: "berta", Grants: []store.Grant{{Action: store.AdminAction}}})
	must(t, err)
	must(t, s.RemoveUser(ctx, user.ID))
	if places, err = s.Places(ctx); err != nil || len(places) != 0 {
		t.Errorf("of a user that is gone: %v, %v", places, err)
	}
}

func TestRevisionsMove(t *testing.T) {
	ctx, s := t.Context(), open(t, folder(t))
	user := fill(t, s)
	_, err := s.AddUser(ctx, store.User{Name: "boss", Grants: []store.Grant{{Action: "admin"}}})
	must(t, err)
	nobody, err := s.AddUser(ctx, store.User{Name: "nobody"})
	must(t, err)
	bare, err := s.AddToken(ctx, store.Token{Name: "bare", Hash: []byte("bare")}, secret.Text{})
	must(t, err)
	token, err := s.TokenOf(ctx, []byte("token"))
	must(t, err)
	session, err := s.SessionOf(ctx, []byte("session"))
	must(t, err)
	now := time.Now()
	for _, step := range []struct {
		what            string
		do              func() error
		access, cameras bool
	}{
		{"touch", func() error {
			return s.Touch(ctx, store.Used{
				Sessions: map[int64]time.Time{session.ID: now}, Tokens: map[int64]time.Time{token.ID: now},
				Places: map[store.Place]time.Time{{User: session.User, Network: "192.0.2.1"}: now},
			})
		}, false, false},
		{"rehash", func() error { return s.Rehash(ctx, user.ID, "hash", "better") }, false, false},
		{"add a session", func() error {
			_, err := s.AddSession(ctx, store.Session{Hash: []byte("s2"), User: user.ID, Expires: now.Add(time.Hour)}, 10)
			return err
		}, false, false},
		{"prune nothing", func() error { return s.Prune(ctx, time.UnixMilli(-1), time.UnixMilli(-1), time.UnixMilli(-1)) }, false, false},
		{"drop a session for a new one", func() error {
			_, err := s.AddSession(ctx, store.Session{Hash: []byte("s3"), User: user.ID}, 2)
			return err
		}, true, false},
		{"end a session", func() error {
			v, err := s.SessionOf(ctx, []byte("s3"))
			return errors.Join(err, s.RemoveSession(ctx, v.ID))
		}, true, false},
		{"grants", func() error { return s.SetUserGrants(ctx, user.ID, []store.Grant{{Camera: "cam-aa", Action: "view"}}) }, true, false},
		{"password", func() error { return s.SetPassword(ctx, user.ID, "x") }, true, false},
		{"token", func() error { return s.RemoveToken(ctx, token.ID) }, true, false},
		{"token without grants", func() error { return s.RemoveToken(ctx, bare.ID) }, true, false},
		{"remove a camera with a grant", func() error { return s.RemoveCamera(ctx, "cam-aa", 0) }, true, true},
		{"remove a camera", func() error { return s.RemoveCamera(ctx, "cam-ba", 0) }, false, true},
		{"add a camera", func() error { _, err := s.AddCamera(ctx, store.Camera{ID: "new"}); return err }, false, true},
		{"change a camera", func() error { _, err := s.SetCamera(ctx, store.Camera{ID: "new"}); return err }, false, true},
		{"remove a user", func() error { return s.RemoveUser(ctx, user.ID) }, true, false},
		{"remove a user without anything", func() error { return s.RemoveUser(ctx, nobody.ID) }, true, false},
	} {
		access, cameras := revisions(t, s)
		must(t, step.do())
		access2, cameras2 := revisions(t, s)
		if (access2 > access) != step.access || (cameras2 > cameras) != step.cameras {
			t.Errorf("%s: access %d to %d, cameras %d to %d", step.what, access, access2, cameras, cameras2)
		}
	}
}

func revisions(t *testing.T, s *store.Store) (access, cameras int64) {
	t.Helper()
	access, err := s.AccessRevision(t.Context())
	must(t, err)
	cameras, err = s.CamerasRevision(t.Context())
	must(t, err)
	return access, cameras
}

func TestGrantsForARemovedCameraAreGone(t *testing.T) {
	ctx, s := t.Context(), open(t, folder(t))
	fill(t, s)
	user, err := s.AddUser(ctx, store.User{Name: "berta", Grants: []store.Grant{{Camera: "cam-aa", Action: "view"}, {Camera: "cam-ba", Action: "view"}}})
	must(t, err)
	must(t, s.RemoveCamera(ctx, "cam-aa", 0))
	got, err := s.User(ctx, user.ID)
	must(t, err)
	if diff := cmp.Diff([]store.Grant{{Camera: "cam-ba", Action: "view"}}, got.Grants); diff != "" {
		t.Error(diff)
	}
}

func TestManyWritersAndReaders(t *testing.T) {
	dir := folder(t)
	stores := []*store.Store{open(t, dir), open(t, dir)}
	var work sync.WaitGroup
	for i := range 8 {
		s := stores[i%2]
		work.Go(func() {
			for n := range 10 {
				id := fmt.Sprintf("cam-%d-%d", i, n)
				if _, err := s.AddCamera(t.Context(), store.Camera{ID: id, Secret: secret.New(id)}); err != nil {
					t.Error(err)
				}
				if c, err := s.Camera(t.Context(), id); err != nil || c.Secret.Reveal() != id {
					t.Errorf("%s: %v", id, err)
				}
			}
		})
	}
	work.Wait()
	all, err := stores[0].Cameras(t.Context())
	must(t, err)
	seen := make(map[int64]bool)
	for _, c := range all {
		seen[c.Revision] = true
	}
	if len(all) != 80 || len(seen) != 80 {
		t.Errorf("%d cameras with %d revisions", len(all), len(seen))
	}
}

// TestSettings: what is kept takes the place of what was read, and of nothing else.
func TestSettings(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := folder(t)
	s := open(t, dir)
	one := map[string]string{"limits.viewers": `["3"]`, "hosts": `["a","b"]`}
	must(t, s.SetSettings(ctx, nil, one))
	two := map[string]string{"hosts": `["c"]`, "rtsp.listen": `[":8554"]`}
	if err := s.SetSettings(ctx, nil, two); !errors.Is(err, store.ErrConflict) {
		t.Errorf("what nobody read is replaced: %v", err)
	}
	must(t, s.SetSettings(ctx, one, two))
	must(t, s.Close())
	s = open(t, dir)
	if got, err := s.Settings(ctx); err != nil || !maps.Equal(got, two) {
		t.Errorf("%v, %v", got, err)
	}
}
