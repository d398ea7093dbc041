package command

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"framegate/gateway/config"
	"framegate/gateway/server"
	"framegate/transcode"
)

// checkCommand says whether serve would start with the same words behind it.
type checkCommand struct {
	serveFlags
	File       string `arg:"" optional:"" help:"The configuration, as behind --config."`
	Recordings bool   `help:"Read the recordings and compare them with their index as well, and say what does not fit together."`
	Repair     bool   `help:"With --recordings: mend that. What is not understood is moved aside, nothing is deleted. Not while a server records there."`
}

// Run looks for all that serve would refuse, and makes nothing. Serve would
// start without a good ffmpeg, so that is only told.
func (c *checkCommand) Run(env *environment) error {
	if c.File != "" && c.Config != "" {
		return mistake(fmt.Errorf("framegate: check %s and --config %s: name one configuration", c.File, c.Config))
	}
	if c.Repair && !c.Recordings {
		return mistake(errors.New("framegate: check --repair mends recordings: write --recordings --repair"))
	}
	c.Config += c.File
	content, err := config.Read(c.Config)
	if err != nil {
		return mistake(err)
	}
	settings, err := c.settings(env, content, nil)
	if err != nil {
		return err
	}
	settings = c.layered(env, content, settings)
	if err := server.Check(env.ctx, settings); err != nil {
		return mistake(fmt.Errorf("framegate: %s", strings.ReplaceAll(err.Error(), "\n", "\nframegate: ")))
	}
	if err := transcode.Check(env.ctx, settings.FFmpeg.Path); err != nil {
		fmt.Fprintf(env.stderr, "framegate: warning: %s: %s: %v\n", server.WithoutFFmpeg, settings.FFmpeg.Path, err)
	} else if err := transcode.CheckH265(env.ctx, settings.FFmpeg.Path); err != nil {
		fmt.Fprintf(env.stderr, "framegate: warning: %s: %s: %v\n", server.WithoutH265, settings.FFmpeg.Path, err)
	}
	cameras := fmt.Sprintf("%d cameras", len(settings.Cameras))
	if len(settings.Cameras) == 1 {
		cameras = "1 camera"
	}
	fmt.Fprintf(env.stdout, "good: %s, listening on %s\n", cameras, settings.Listen)
	if c.Recordings {
		return checkRecordings(env, settings, c.Repair)
	}
	return nil
}

// layered gives settings with what was given in the app, and warns of what of that the server
// would leave out.
func (f serveFlags) layered(env *environment, content []byte, settings *config.Config) *config.Config {
	next, left := server.Layered(env.ctx, settings, func(kept config.Kept) (*config.Config, error) { return f.settings(env, content, kept) })
	for _, key := range slices.Sorted(maps.Keys(left)) {
		fmt.Fprintf(env.stderr, "framegate: warning: %s, as given in the app, is left out: %v\n", key, left[key])
	}
	return next
}

// checkRecordings says what is wrong with recordings, and mends it if that is
// asked for.
func checkRecordings(env *environment, settings *config.Config, repair bool) error {
	mode := server.LookAtRecordings
	if repair {
		mode = server.MendRecordings
	}
	left, err := server.CheckRecordings(env.ctx, settings, mode, env.stdout)
	if err != nil {
		return err
	}
	if left > 0 {
		return fmt.Errorf("%d things are wrong with the recordings; check --recordings --repair mends them while no server runs", left)
	}
	fmt.Fprintln(env.stdout, "good: the recordings and their index")
	return nil
}

// indexCommand does things to the index of recordings.
type indexCommand struct {
	Rebuild rebuildCommand `cmd:"" help:"Make the index of recordings anew out of the files, while no server runs. Marks and reasons of gaps are kept where the index can be read."`
}

type rebuildCommand struct{ configFlags }

// Run reads every recording.
func (c *rebuildCommand) Run(env *environment) error {
	settings, err := c.load(env)
	if err != nil {
		return err
	}
	left, err := server.CheckRecordings(env.ctx, settings, server.RebuildIndex, env.stdout)
	if err == nil && left > 0 {
		err = fmt.Errorf("%d things are left as they are", left)
	}
	if err == nil {
		fmt.Fprintln(env.stdout, "good: the index has what is in the files")
	}
	return err
}
