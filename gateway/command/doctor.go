package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"framegate/gateway/config"
	"framegate/gateway/doctor"
	"framegate/gateway/server"
)

// doctorCommand looks at the machine around a server, and at its cameras.
type doctorCommand struct {
	serveFlags
	JSON bool `name:"json" help:"Print it as JSON, for programs."`
}

// errIll is the end of a doctor who found something that keeps the server, or part of
// it, from working.
var errIll = errors.New("something does not work")

// Run looks, and says what it finds as soon as it does.
func (c *doctorCommand) Run(env *environment) error {
	content, err := config.Read(c.Config)
	if err != nil {
		return mistake(err)
	}
	parse := func(kept config.Kept) (*config.Config, error) { return c.listening(env, content, kept) }
	settings, err := parse(nil)
	if err != nil {
		return err
	}
	settings, left := server.Layered(env.ctx, settings, parse)
	var all []doctor.Finding
	tell := func(f doctor.Finding) {
		all = append(all, f)
		if !c.JSON {
			show(env.stdout, f)
		}
	}
	server.Doctor(env.ctx, settings, version(), tell)
	for _, key := range slices.Sorted(maps.Keys(left)) {
		tell(doctor.But("settings", doctor.Warn, "change it or take it away in the app, under settings", "%s, as given in the app, is left out: %v", key, left[key]))
	}
	worst := doctor.Worst(all)
	if c.JSON {
		out := json.NewEncoder(env.stdout)
		out.SetIndent("", "  ")
		out.SetEscapeHTML(false)
		if err := out.Encode(struct {
			State    doctor.State     `json:"state"`
			Findings []doctor.Finding `json:"findings"`
		}{worst, all}); err != nil {
			return err
		}
	}
	if worst == doctor.Bad {
		return errIll
	}
	return nil
}

// show prints a finding for people.
func show(to io.Writer, f doctor.Finding) {
	fmt.Fprintf(to, "%-4s  %-12s  %s\n", f.State, f.Name, strings.ReplaceAll(f.Text, "\n", " "))
	if f.Next != "" {
		fmt.Fprintf(to, "%20s-> %s\n", "", f.Next)
	}
}
