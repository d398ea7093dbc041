package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// attempt does a write: in a transaction that is committed once the keeper has taken what
// is then there. Where that is what the keeper has, it is not asked, unless it must. It gives the
// name of the write, also with ErrApart, after which the keeper may have it.
func (c *common) attempt(ctx context.Context, revision uint64, f func(*sql.Tx) error, must bool) (write string, err error) {
	d := &document{Form: commonForm, Version: max(c.version.Load(), c.seen) + 1, Node: c.Node}
	var base marks
	err = transact(ctx, c.store.writer, func(tx *sql.Tx) error {
		if err := f(tx); err != nil {
			return err
		}
		if d.Rows, err = c.store.dump(ctx, tx); err != nil || !must && c.base.same(d.Rows) {
			return err
		}
		write = rand.Text()
		d.Writes = append(slices.Clone(c.writes[max(0, len(c.writes)-maxWrites+1):]), write)
		text, err := json.Marshal(d)
		if err != nil {
			return err
		}
		base = d.Rows.marks()
		if err := c.save(ctx, tx, d, base); err != nil {
			return err
		}
		revision, err = c.Keeper.Replace(ctx, text, revision)
		return err
	})
	if write == "" {
		return "", err
	}
	c.probed = time.Now()
	if err == nil || errors.Is(err, ErrApart) {
		c.stuck = err != nil
		c.noteApart(err)
	}
	if err != nil {
		c.known = false
		return write, err
	}
	c.revision, c.known, c.base, c.writes = revision, true, base, d.Writes
	c.reached(d.Version, c.Node)
	c.took(d)
	c.mu.Lock()
	c.status.Writes++
	c.mu.Unlock()
	c.Told()
	return write, nil
}

// write runs f in a transaction whose outcome the keeper takes first. It is tried again, on
// top of what others wrote, until one is taken. Where the keeper is not reached the error is
// ErrApart, and nothing was changed here; unless the write stays: then it is made here, and the keeper has it
// later.
func (c *common) write(ctx context.Context, f func(*sql.Tx) error, stays bool) error {
	c.asking.Store(true)
	defer c.asking.Store(false)
	var tried []string
	apart := false
	for until := time.Now().Add(commonPatience); ; {
		err := c.ready(ctx)
		if err == nil && len(tried) > 0 && slices.ContainsFunc(tried, func(w string) bool { return slices.Contains(c.writes, w) }) {
			return nil // it was taken, and nobody had said so
		}
		if err == nil {
			var write string
			if write, err = c.attempt(ctx, c.revision, f, false); write != "" {
				tried = append(tried, write)
			}
		}
		apart = apart || errors.Is(err, ErrApart)
		switch {
		case err == nil:
			return nil
		case apart && ctx.Err() != nil:
			return ErrApart
		case stays && errors.Is(err, ErrApart):
			c.edited = true
			c.soon()
			return transact(ctx, c.store.writer, f)
		case !errors.Is(err, ErrApart) && !errors.Is(err, ErrReplaced):
			return err
		case time.Now().After(until):
			return ErrApart
		}
		select {
		case <-ctx.Done():
			return ErrApart
		case <-time.After(lookAgain / 2):
		}
	}
}

// take makes a document what is here, with what was changed here and the keeper has not
// yet.
func (c *common) take(ctx context.Context, d *document) error {
	base := d.Rows.marks()
	if c.base == nil {
		if err := c.keepCopy(ctx); err != nil {
			return err
		}
	}
	var changed map[string]bool
	err := transact(ctx, c.store.writer, func(tx *sql.Tx) error {
		here, err := c.store.dump(ctx, tx)
		if err != nil {
			return err
		}
		toBe, lost := d.Rows, []string(nil)
		if c.base != nil {
			toBe, lost = merge(c.base, here, d.Rows)
		}
		if changed, err = c.applied(ctx, tx, here, toBe, d); err != nil {
			return err
		}
		c.lose(lost)
		return c.save(ctx, tx, d, base)
	})
	if err != nil {
		return err
	}
	c.base, c.writes, c.edited = base, d.Writes, true // that there is nothing else here, tell finds out
	c.stuck = false                                   // somebody could replace it
	c.noteApart(nil)
	if c.found == nil {
		c.found = make(map[string]bool)
	}
	maps.Copy(c.found, changed)
	c.reached(d.Version, d.Node)
	return nil
}

// applied applies rows, or those of the document alone where they do not fit together.
func (c *common) applied(ctx context.Context, tx *sql.Tx, here, toBe rows, d *document) (changed map[string]bool, err error) {
	if _, err := tx.ExecContext(ctx, "SAVEPOINT merged"); err != nil {
		return nil, err
	}
	changed, err = c.store.apply(ctx, tx, here, toBe)
	if err == nil {
		_, err = tx.ExecContext(ctx, "RELEASE merged")
		return changed, err
	}
	if _, back := tx.ExecContext(ctx, "ROLLBACK TO merged"); back != nil {
		return nil, errors.Join(err, back)
	}
	c.lose([]string{err.Error()})
	return c.store.apply(ctx, tx, here, d.Rows)
}

// lose tells of changes made here that others made otherwise.
func (c *common) lose(lost []string) {
	if len(lost) == 0 {
		return
	}
	slices.Sort(lost)
	c.Log.Error("changes that were made beside the server, or while it was apart, are not taken: another node made others", "what", strings.Join(lost, " "))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status.Lost += uint64(len(lost))
}

// keepCopy keeps, in a file, what a node had of its own before it met the others.
func (c *common) keepCopy(ctx context.Context) error {
	var own bool
	err := transact(ctx, c.store.writer, func(tx *sql.Tx) error {
		here, err := c.store.dump(ctx, tx)
		own = here.own()
		return err
	})
	if err != nil || !own {
		return err
	}
	name := filepath.Join(c.store.dir, databaseName+".before-cluster-"+time.Now().UTC().Format("20060102T150405"))
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		return err
	}
	if _, err := c.store.writer.ExecContext(ctx, "VACUUM INTO ?", name); err != nil {
		return err
	}
	if err := writeAhead(ctx, name); err != nil {
		return err
	}
	c.Log.Warn("this node has from now on what all nodes have in common; the users, tokens, links, cameras, settings, webhooks and broker that it had of its own are in a file", "file", name)
	return nil
}
