package command

import (
	"bufio"
	"fmt"
	"os"

	"framegate/gateway/backup"
	"framegate/gateway/store"
)

// standard is the name of what has none: the standard output or input.
const standard = "-"

type backupCommand struct {
	configFlags
	File string `arg:"" help:"What becomes the backup, and replaces one of that name; - is the standard output."`
}

// Run makes a backup, also of a server that runs.
func (c *backupCommand) Run(env *environment) error {
	settings, err := c.load(env)
	if err != nil {
		return err
	}
	if c.File == standard {
		w := bufio.NewWriter(env.stdout)
		if err := backup.Write(env.ctx, settings.Data, w); err != nil {
			return explainBackup(settings.Data, err)
		}
		return w.Flush()
	}
	if err := backup.WriteFile(env.ctx, settings.Data, c.File); err != nil {
		return explainBackup(settings.Data, err)
	}
	fmt.Fprintf(env.stdout, "good: %s has users, tokens, links, cameras of the API and certificates of %s; it opens all of them, so keep it safe\n", c.File, settings.Data)
	return nil
}

func explainBackup(data string, err error) error {
	if exists, lookErr := store.Exists(data); lookErr == nil && !exists {
		return fmt.Errorf("making a backup of %s: %w; say by --config or FRAMEGATE_DATA which data folder the server has", data, err)
	}
	return fmt.Errorf("making a backup of %s: %w", data, err)
}

type restoreCommand struct {
	configFlags
	File string `arg:"" help:"A backup; - is the standard input."`
}

// Run takes a backup apart into a data folder that has no state yet.
func (c *restoreCommand) Run(env *environment) error {
	settings, err := c.load(env)
	if err != nil {
		return err
	}
	f := os.Stdin
	if c.File != standard {
		if f, err = os.Open(c.File); err != nil {
			return err
		}
		defer f.Close()
	}
	if err := backup.Read(env.ctx, settings.Data, bufio.NewReader(f)); err != nil {
		return fmt.Errorf("restoring %s: %w", c.File, err)
	}
	fmt.Fprintf(env.stdout, "good: %s is restored; what was revoked since the backup is good again\n", settings.Data)
	return nil
}
