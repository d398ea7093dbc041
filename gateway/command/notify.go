package command

import (
	"errors"
	"fmt"

	"framegate/gateway/notify"
)

// notifyCommand does things to those who are told of events.
type notifyCommand struct {
	Test notifyTestCommand `cmd:"" help:"Tell those whom the configuration names something, without a server, and say what became of it."`
}

type notifyTestCommand struct {
	configFlags
	Name string `arg:"" optional:"" help:"Of one webhook; all without it."`
}

// Run tells each something.
func (c *notifyTestCommand) Run(env *environment) error {
	settings, err := c.load(env)
	if err != nil {
		return err
	}
	tried, failed := 0, 0
	for who, err := range notify.Try(env.ctx, settings.Notify) {
		if c.Name != "" && who.Name != c.Name {
			continue
		}
		tried++
		said := "takes it"
		if err != nil {
			failed++
			said = err.Error()
		}
		fmt.Fprintf(env.stdout, "%s %s (%s): %s\n", who.Kind, who.Name, who.Address, said)
	}
	switch {
	case tried == 0 && c.Name != "":
		return mistake(fmt.Errorf("framegate: nobody of the name %s is told of anything", c.Name))
	case tried == 0:
		return mistake(errors.New("framegate: nobody is told of anything; name somebody under notify in the configuration"))
	case failed > 0:
		return fmt.Errorf("%d of %d cannot be told", failed, tried)
	}
	return nil
}
