package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

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
	settings, err := c.load(env)
	if err != nil {
		return err
	}
	if c.Listen != "" {
		if settings, err = settings.WithListen(c.Listen); err != nil {
			return mistake(fmt.Errorf("framegate: --listen: %w", err))
		}
	}
	var all []doctor.Finding
	server.Doctor(env.ctx, settings, version(), func(f doctor.Finding) {
		all = append(all, f)
		if !c.JSON {
			show(env.stdout, f)
		}
	})
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
