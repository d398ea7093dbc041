package auth

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Action is what a principal wants to do.
type Action string

// All actions there are. Admin is to change cameras, users and tokens; who may do
// that may do everything. It, Metrics and Add are not about one camera.
const (
	View     Action = "view"     // see what the camera sends now
	Publish  Action = "publish"  // be the camera
	Playback Action = "playback" // see recordings
	PTZ      Action = "ptz"      // have it turn and zoom
	Metrics  Action = "metrics"  // read what is counted, for monitoring
	Add      Action = "add"      // add cameras by the addresses of other programs, and change what was added so
	Admin    Action = "admin"
)

// alone says that the action is not about one camera.
func (a Action) alone() bool { return a == Admin || a == Metrics || a == Add }

// ofCameras are the actions that are about one camera.
var ofCameras = []Action{View, Publish, Playback, PTZ}

// AllCameras in a Grant means every camera there is or will be.
const AllCameras = "*"

// cameraPattern is what a camera's id looks like.
var cameraPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// actions is a set of actions on a camera.
type actions uint8

// bit gives the set of one action on a camera, and none for actions that are not
// about one or do not exist.
func (a Action) bit() actions {
	switch a {
	case View:
		return 1
	case Publish:
		return 2
	case Playback:
		return 4
	case PTZ:
		return 8
	}
	return 0
}

// permissions are what somebody may do. They are immutable once made.
type permissions struct {
	admin   bool
	metrics bool
	add     bool
	all     actions
	cameras map[string]actions
}

func (p permissions) equal(q permissions) bool {
	return p.admin == q.admin && p.metrics == q.metrics && p.add == q.add && p.all == q.all && maps.Equal(p.cameras, q.cameras)
}

// Kind says what a principal is.
type Kind uint8

// All kinds. Anyone is whoever comes where auth is off.
const (
	Nobody Kind = iota
	Anyone
	UserKind
	TokenKind
	LinkKind
)

// String gives the kind as logs and metrics name it.
func (k Kind) String() string {
	return [...]string{"nobody", "anyone", "user", "token", "link"}[min(k, LinkKind)]
}

// Principal is who a request comes from, with what it may do, as of the moment
// it was identified. The zero value is nobody, who may do nothing. It may be
// copied and kept; Watch finds out when it is no longer true.
type Principal struct {
	kind        Kind
	account     accountKey // what it goes back to
	id          int64      // of the user or token; of a link's maker
	session     int64      // 0: came without one
	name        string
	generation  int64 // of the user's password
	first       bool  // which is that of the first start
	way         bool  // it came by one
	permissions permissions
	expires     time.Time // zero: never
}

// Authorize says whether a principal may do something with a camera, which is
// "" where the action is not about one. It is the only place that decides. What is
// unknown, be it the principal, the action or the camera's form, may not be
// done; whether the camera exists is not its business.
func Authorize(p Principal, action Action, camera string) bool {
	switch action {
	case Admin:
		return camera == "" && p.permissions.admin
	case Metrics:
		return camera == "" && (p.permissions.admin || p.permissions.metrics)
	case Add:
		return camera == "" && (p.permissions.admin || p.permissions.add)
	}
	bit := action.bit()
	if bit == 0 || !cameraPattern.MatchString(camera) {
		return false
	}
	return p.permissions.admin || (p.permissions.all|p.permissions.cameras[camera])&bit != 0
}

// Kind says what the principal is.
func (p Principal) Kind() Kind { return p.kind }

// Known says whether somebody is logged in, or needs not be. It permits
// nothing by itself.
func (p Principal) Known() bool { return p.kind != Nobody }

// Name is the name of the user or token, or of the one who made the link; ""
// where there is none.
func (p Principal) Name() string { return p.name }

// UserID is the id of the user, and 0 where it is none.
func (p Principal) UserID() int64 {
	if p.kind != UserKind {
		return 0
	}
	return p.id
}

// SessionID is the id of the session the principal came with, or 0.
func (p Principal) SessionID() int64 { return p.session }

// FirstPassword says that the principal is a user whose password is still the one
// that FirstStart made.
func (p Principal) FirstPassword() bool { return p.first }

// Expires is when the session, token or link ends by itself; zero: never.
func (p Principal) Expires() time.Time { return p.expires }

// Subject is what limits count viewers by (stream.Client.Principal): String,
// and "" where nobody had to say who it is.
func (p Principal) Subject() string {
	if p.kind == Nobody || p.kind == Anyone {
		return ""
	}
	return p.String()
}

// Owner names, by number, whom what p makes belongs to: somebody else may have its
// name later. It is "" where that is nobody in particular.
func (p Principal) Owner() string {
	if p.kind != UserKind && p.kind != TokenKind {
		return ""
	}
	return fmt.Sprintf("%s %d", p.kind, p.id)
}

// String gives a short form for logs: "user:anna", "token:nvr", "link:anna",
// "nobody".
func (p Principal) String() string {
	if p.name == "" {
		return p.kind.String()
	}
	return p.kind.String() + ":" + p.name
}

// Grants lists what the principal may do.
func (p Principal) Grants() []Grant { return p.permissions.grants() }

// Grant allows an action on one camera, or on AllCameras. Its text form, also
// in JSON, is "view:front", "view:*", "metrics", "add" or "admin".
type Grant struct {
	Action Action
	Camera string // "" with Admin, Metrics and Add
}

// ParseGrant reads the text form. The error is an ErrBadGrant.
func ParseGrant(text string) (Grant, error) {
	action, camera, _ := strings.Cut(text, ":")
	g := Grant{Action(action), camera}
	if g.Action.alone() && text != action {
		return Grant{}, fmt.Errorf("%w %s: %s is about no camera; write it alone", ErrBadGrant, quote(text), action)
	}
	return g, g.check()
}

// check says whether the grant means anything.
func (g Grant) check() error {
	switch {
	case g.Action.alone() && g.Camera == "":
	case g.Action.bit() == 0:
		return fmt.Errorf("%w %s: write admin, metrics, add, or view, publish, playback or ptz with a camera, as in view:front or view:*", ErrBadGrant, quote(g.String()))
	case g.Camera != AllCameras && !cameraPattern.MatchString(g.Camera):
		return fmt.Errorf("%w %s: write a camera's id, or * for all, behind the colon", ErrBadGrant, quote(g.String()))
	}
	return nil
}

// String gives the text form.
func (g Grant) String() string {
	if g.Camera == "" {
		return string(g.Action)
	}
	return string(g.Action) + ":" + g.Camera
}

// MarshalText gives the text form.
func (g Grant) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText reads the text form.
func (g *Grant) UnmarshalText(text []byte) (err error) {
	*g, err = ParseGrant(string(text))
	return err
}

// Warnings says which grants are for cameras that are not known, each once: they
// may be mistyped, or for cameras that are to come.
func Warnings(grants []Grant, known func(camera string) bool) (texts []string) {
	for _, g := range grants {
		if g.Camera == "" || g.Camera == AllCameras || known(g.Camera) {
			continue
		}
		text := fmt.Sprintf("%s is permitted, but there is no camera %s at the moment", g, g.Camera)
		if !slices.Contains(texts, text) {
			texts = append(texts, text)
		}
	}
	return texts
}

// maxGrants bounds the grants of one user or token.
const maxGrants = 1000

func checkGrants(grants []Grant) error {
	if len(grants) > maxGrants {
		return fmt.Errorf("%w: %d are more than %d; use * for all cameras", ErrBadGrant, len(grants), maxGrants)
	}
	for _, g := range grants {
		if err := g.check(); err != nil {
			return err
		}
	}
	return nil
}

// permit makes permissions of grants. What does not mean anything permits
// nothing.
func permit(grants []Grant) permissions {
	p := permissions{cameras: make(map[string]actions)}
	for _, g := range grants {
		switch {
		case g.check() != nil:
		case g.Action == Admin:
			p.admin = true
		case g.Action == Metrics:
			p.metrics = true
		case g.Action == Add:
			p.add = true
		case g.Camera == AllCameras:
			p.all |= g.Action.bit()
		default:
			p.cameras[g.Camera] |= g.Action.bit()
		}
	}
	return p
}

// grants is the reverse of permit, sorted.
func (p permissions) grants() []Grant {
	var grants []Grant
	add := func(set actions, camera string) {
		for _, action := range ofCameras {
			if set&action.bit() != 0 {
				grants = append(grants, Grant{action, camera})
			}
		}
	}
	add(p.all, AllCameras)
	for camera, set := range p.cameras {
		add(set, camera)
	}
	slices.SortFunc(grants, func(a, b Grant) int {
		return strings.Compare(a.Camera+" "+string(a.Action), b.Camera+" "+string(b.Action))
	})
	if p.add {
		grants = slices.Insert(grants, 0, Grant{Action: Add})
	}
	if p.metrics {
		grants = slices.Insert(grants, 0, Grant{Action: Metrics})
	}
	if p.admin {
		grants = slices.Insert(grants, 0, Grant{Action: Admin})
	}
	return grants
}

// quote shows what somebody wrote, at most 80 bytes of it, on one line.
func quote(text string) string {
	if len(text) > 80 {
		text = text[:80] + "..."
	}
	return strconv.Quote(text)
}
