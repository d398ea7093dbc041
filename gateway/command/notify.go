package command

import (
	"errors"
	"fmt"
	"slices"

	"framegate/gateway/config"
	"framegate/gateway/notify"
	"framegate/gateway/server"
)

// notifyCommand does things to those who are told of events.
type notifyCommand struct {
	Test notifyTestCommand `cmd:"" help:"Tell those whom the configuration and the app name something, without a server, and say what became of it."`
}

type notifyTestCommand struct {
	configFlags
	Name string `arg:"" optional:"" help:"Of one webhook; all without it."`
}

// Run tells each something.
func (c *notifyTestCommand) Run(env *environment) error {
	content, err := config.Read(c.Config)
	if err != nil {
		return mistake(err)
	}
	parse := func(kept config.Kept) (*config.Config, error) { return c.understand(env, content, kept) }
	settings, err := parse(nil)
	if err != nil {
		return err
	}
	settings, _ = server.Layered(env.ctx, settings, parse)
	who := settings.Notify
	if c.Name != "" {
		who.Webhooks = slices.DeleteFunc(slices.Clone(who.Webhooks), func(w config.Webhook) bool { return w.Name != c.Name })
		if who.MQTT.Prefix != c.Name {
			who.MQTT.URL = ""
		}
	}
	tried, failed := 0, 0
	for who, err := range notify.Try(env.ctx, who, server.NotifyGuard(settings)) {
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
		return mistake(errors.New("framegate: nobody is told of anything; name somebody under notify in the configuration, or in the app under settings, notifications"))
	case failed > 0:
		return fmt.Errorf("%d of %d cannot be told", failed, tried)
	}
	return nil
}
