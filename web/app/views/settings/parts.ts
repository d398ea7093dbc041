// The parts of the settings, in groups. A further part is a row here, a folder beside this
// file and its texts. A part is loaded when it is first wanted.

import cctv from 'lucide-static/icons/cctv.svg?raw';
import file from 'lucide-static/icons/file-cog.svg?raw';
import gauge from 'lucide-static/icons/gauge.svg?raw';
import key from 'lucide-static/icons/key-round.svg?raw';
import link from 'lucide-static/icons/link.svg?raw';
import logs from 'lucide-static/icons/logs.svg?raw';
import mail from 'lucide-static/icons/mail.svg?raw';
import monitor from 'lucide-static/icons/monitor-smartphone.svg?raw';
import network from 'lucide-static/icons/network.svg?raw';
import person from 'lucide-static/icons/circle-user-round.svg?raw';
import server from 'lucide-static/icons/server.svg?raw';
import shield from 'lucide-static/icons/shield-check.svg?raw';
import users from 'lucide-static/icons/users-round.svg?raw';
import type { Component } from 'svelte';

import type { Me } from '../../live.svelte';
import type { Text } from '../../text.svelte';
import { settings } from '../../texts/settings';

/** One part of the settings. */
export interface Part {
  /** What stands behind settings/ in its address. */
  readonly id: string;
  readonly icon: string;
  readonly text: Text;
  /** What is to be found there, in one line. */
  readonly about: Text;
  /** Who is shown it. */
  readonly for: (me: Me) => boolean;
  readonly load: () => Promise<{ default: Component }>;
}

/** Parts that belong together. */
export interface Group {
  readonly text: Text;
  readonly parts: readonly Part[];
}

const admins = (me: Me): boolean => me.admin;
const nodes = (me: Me): boolean => me.admin && me.node !== undefined;
const all = (): boolean => true;

const groups: readonly Group[] = [
  {
    text: settings.groupCameras,
    parts: [{ id: 'cameras', icon: cctv, text: settings.cameras, about: settings.camerasAbout, for: admins, load: () => import('./cameras/Cameras.svelte') }],
  },
  {
    text: settings.groupAccess,
    parts: [
      { id: 'users', icon: users, text: settings.users, about: settings.usersAbout, for: admins, load: () => import('./people/Users.svelte') },
      { id: 'tokens', icon: key, text: settings.tokens, about: settings.tokensAbout, for: admins, load: () => import('./people/Tokens.svelte') },
      { id: 'links', icon: link, text: settings.links, about: settings.linksAbout, for: admins, load: () => import('./people/Links.svelte') },
      { id: 'sessions', icon: monitor, text: settings.sessions, about: settings.sessionsAbout, for: ({ kind }) => kind !== 'token', load: () => import('./people/Sessions.svelte') },
    ],
  },
  {
    text: settings.groupServer,
    parts: [
      { id: 'server', icon: server, text: settings.server, about: settings.serverAbout, for: admins, load: () => import('./server/Server.svelte') },
      { id: 'notifications', icon: mail, text: settings.notify, about: settings.notifyAbout, for: admins, load: () => import('./notify/Notifications.svelte') },
      { id: 'nodes', icon: network, text: settings.nodes, about: settings.nodesAbout, for: nodes, load: () => import('./nodes/Nodes.svelte') },
      { id: 'tls', icon: shield, text: settings.tls, about: settings.tlsAbout, for: admins, load: () => import('./server/Encryption.svelte') },
      { id: 'limits', icon: gauge, text: settings.limits, about: settings.limitsAbout, for: admins, load: () => import('./server/Limits.svelte') },
      { id: 'log', icon: logs, text: settings.log, about: settings.logAbout, for: admins, load: () => import('./server/Log.svelte') },
      { id: 'all', icon: file, text: settings.all, about: settings.allAbout, for: admins, load: () => import('./server/AllSettings.svelte') },
    ],
  },
  {
    text: settings.groupYou,
    parts: [{ id: 'account', icon: person, text: settings.account, about: settings.accountAbout, for: all, load: () => import('./account/Account.svelte') }],
  },
];

/** The groups that somebody is shown, with the parts that somebody is shown of them. */
export function groupsFor(me: Me): Group[] {
  return groups.map((group) => ({ ...group, parts: group.parts.filter((part) => part.for(me)) })).filter((group) => group.parts.length > 0);
}
