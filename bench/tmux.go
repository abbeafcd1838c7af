package main

import (
	"context"
	"os"
	"path/filepath"
)

// startTmux starts what jailsh's live terminals are compared to: tmux(1), to which
// viewers of the same account attach read-only, each by a login at the host's sshd. All
// processes of theirs are the server's.
func startTmux(ctx context.Context, s *site) (*stage, error) {
	srv, err := s.startSSHD(ctx, "tmux", "")
	if err != nil {
		return nil, err
	}
	srv.user = accountName
	st := &stage{server: srv}
	if err := st.tmux(ctx); err != nil {
		st.close()
		return nil, err
	}
	return st, nil
}

func (st *stage) tmux(ctx context.Context) error {
	dir, err := os.MkdirTemp(st.site.dir, "tmux")
	if err != nil {
		return err
	}
	if err := os.Lchown(dir, st.site.account.uid, st.site.account.gid); err != nil {
		return err
	}
	if st.feed, err = newFeed(dir); err != nil {
		return err
	}
	// Without a status line, all of its screen is the program's.
	config := filepath.Join(dir, "tmux.conf")
	if err := os.WriteFile(config, []byte("set -g status off\n"), 0o644); err != nil {
		return err
	}
	tmux := "exec tmux -u -f " + config + " -S " + filepath.Join(dir, "socket")
	st.attach = tmux + " attach -r"
	st.enter = st.own
	return st.open(ctx, tmux+" new-session '"+stageProgram+filepath.Join(dir, "feed")+"'")
}
