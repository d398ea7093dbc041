package command

import (
	"errors"
	"fmt"

	"framegate/gateway/config"
	"framegate/gateway/config/plainyaml"
	"framegate/gateway/migrate"
)

// importCommand turns the configuration of another program into ours.
type importCommand struct {
	File string `arg:"" help:"The configuration of go2rtc, Frigate or MediaMTX."`
	From string `placeholder:"PROGRAM" enum:",go2rtc,frigate,mediamtx" default:"" help:"Whose it is: go2rtc, frigate or mediamtx; without it, what its keys say."`
}

// Run prints our configuration to the standard output, and what is not in it to the
// standard error, a line each with its place.
func (c *importCommand) Run(env *environment) error {
	document, err := config.Read(c.File)
	if err != nil {
		return mistake(err)
	}
	result, err := migrate.Read(document, migrate.Format(c.From))
	if result != nil {
		for _, loss := range result.Losses {
			fmt.Fprintf(env.stderr, "%s:%d: %s\n", c.File, loss.Line, loss)
		}
	}
	var syntax *plainyaml.Error
	switch {
	case errors.As(err, &syntax) && syntax.Line > 0:
		return mistake(fmt.Errorf("%s:%v", c.File, err))
	case err != nil:
		return mistake(fmt.Errorf("%s: %w", c.File, err))
	}
	if _, err := env.stdout.Write(result.Config); err != nil {
		return err
	}
	cameras := fmt.Sprintf("%d cameras", result.Cameras)
	if result.Cameras == 1 {
		cameras = "1 camera"
	}
	fmt.Fprintf(env.stderr, "framegate: %s of %s; %s\n", cameras, result.Format, lost(len(result.Losses)))
	return nil
}

// lost says how much was told before.
func lost(n int) string {
	switch n {
	case 0:
		return "nothing is lost"
	case 1:
		return "what is lost is in the line above"
	}
	return fmt.Sprintf("what is lost is in the %d lines above", n)
}
