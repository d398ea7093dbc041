package auth

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPermissions is the whole table: who may do what.
func TestPermissions(t *testing.T) {
	user := func(granted ...string) Principal {
		return Principal{kind: UserKind, permissions: permit(grants(granted...))}
	}
	principals := []struct {
		name string
		is   Principal
	}{
		{"nobody", Principal{}},
		{"anyone", anyone()},
		{"no grants", user()},
		{"view:front", user("view:front")},
		{"view:*", user("view:*")},
		{"publish:front", user("publish:front")},
		{"publish:*", user("publish:*")},
		{"playback:front", user("playback:front")},
		{"view:gate", user("view:gate")},
		{"view+publish:front", user("view:front", "publish:front")},
		{"view:*+publish:gate", user("view:*", "publish:gate")},
		{"metrics", user("metrics")},
		{"add", user("add")},
		{"admin", user("admin")},
	}
	// The columns: view, publish, playback of front; the same of gate; metrics, adding cameras, admin.
	const want = `
nobody              --- --- ---
anyone              vpb vpb mca
no grants           --- --- ---
view:front          v-- --- ---
view:*              v-- v-- ---
publish:front       -p- --- ---
publish:*           -p- -p- ---
playback:front      --b --- ---
view:gate           --- v-- ---
view+publish:front  vp- --- ---
view:*+publish:gate v-- vp- ---
metrics             --- --- m--
add                 --- --- -c-
admin               vpb vpb mca
`
	var got strings.Builder
	got.WriteString("\n")
	for _, p := range principals {
		mark := func(action Action, camera, letter string) string {
			if Authorize(p.is, action, camera) {
				return letter
			}
			return "-"
		}
		row := p.name + strings.Repeat(" ", 20-len(p.name))
		for _, camera := range []string{"front", "gate"} {
			row += mark(View, camera, "v") + mark(Publish, camera, "p") + mark(Playback, camera, "b") + " "
		}
		got.WriteString(row + mark(Metrics, "", "m") + mark(Add, "", "c") + mark(Admin, "", "a") + "\n")
	}
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Error(diff)
	}
}

func TestUnknownMeansNo(t *testing.T) {
	admin := Principal{kind: UserKind, permissions: permissions{admin: true, all: ^actions(0), cameras: map[string]actions{"": ^actions(0), "*": ^actions(0), "Front": ^actions(0)}}}
	for _, test := range []struct {
		action Action
		camera string
	}{
		{"", "front"}, {"", ""}, {"VIEW", "front"}, {"delete", "front"}, {"view ", "front"}, {"*", "front"},
		{View, ""}, {View, "*"}, {View, "Front"}, {View, "../front"}, {View, "front\n"}, {View, "-front"}, {View, strings.Repeat("a", 64)},
		{Admin, "front"}, {Admin, "*"},
	} {
		if Authorize(admin, test.action, test.camera) {
			t.Errorf("%q of %q is allowed", test.action, test.camera)
		}
	}
}

func TestGrantText(t *testing.T) {
	for _, text := range []string{"view:front", "publish:*", "playback:a-1", "metrics", "add", "admin"} {
		g, err := ParseGrant(text)
		if err != nil || g.String() != text {
			t.Errorf("%s: %v, %v", text, g, err)
		}
		b, err := json.Marshal([]Grant{g})
		must(t, err)
		var back []Grant
		must(t, json.Unmarshal(b, &back))
		if string(b) != `["`+text+`"]` || back[0] != g {
			t.Errorf("%s: %s, %v", text, b, back)
		}
	}
	for _, text := range []string{"", ":", "view", "view:", ":front", "view:Front", "view:*:", "see:front", "admin:", "admin:*", "admin:front", "metrics:", "metrics:*", "metrics:front", "add:*", "view:front,gate", "view:**", strings.Repeat("x", 1000)} {
		if g, err := ParseGrant(text); !errors.Is(err, ErrBadGrant) || len(err.Error()) > 300 {
			t.Errorf("%q: %v, %v", text, g, err)
		}
		var g Grant
		if err := g.UnmarshalText([]byte(text)); !errors.Is(err, ErrBadGrant) {
			t.Errorf("%q as JSON: %v", text, err)
		}
	}
}

func TestMeaninglessGrantsPermitNothing(t *testing.T) {
	p := permit([]Grant{{Admin, "front"}, {Admin, "*"}, {"everything", "*"}, {Metrics, "*"}, {Add, "*"}, {View, ""}, {View, "Front"}, {"", ""}})
	if p.admin || p.metrics || p.add || p.all != 0 || len(p.cameras) != 0 {
		t.Errorf("%+v", p)
	}
	r := newRig(t)
	for _, bad := range [][]Grant{{{Admin, "front"}}, {{"x", "*"}}, make([]Grant, maxGrants+1)} {
		if _, err := r.AddUser(context.Background(), "anna", hidden(good), bad); !errors.Is(err, ErrBadGrant) {
			t.Errorf("%d grants: %v", len(bad), err)
		}
	}
}

func TestGrantsComeBack(t *testing.T) {
	want := grants("admin", "metrics", "add", "publish:*", "view:*", "view:front", "publish:gate")
	got := Principal{permissions: permit(append(want, want...))}.Grants()
	if diff := cmp.Diff(grants("admin", "metrics", "add", "publish:*", "view:*", "view:front", "publish:gate"), got); diff != "" {
		t.Error(diff)
	}
}
