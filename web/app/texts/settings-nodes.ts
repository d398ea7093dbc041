// Texts of the nodes of a cluster.

import type { Schemas } from '../api/client';
import type { Text } from '../text.svelte';

/** Why a camera is where it is, or nowhere. */
export const whys: Record<Schemas['ClusterCamera']['why'], Text> = {
  sent: ['Its pictures are sent there', 'Ihre Bilder werden dorthin gesendet'],
  label: ['The node has the label that the camera asks for', 'Der Knoten hat das Label, das die Kamera verlangt'],
  shared: ['It fell to this node when cameras were shared out', 'Sie fiel diesem Knoten beim Verteilen zu'],
  unsent: ['Nobody sends its pictures', 'Niemand sendet ihre Bilder'],
  no_node: ['No node that is there may connect to it: see roles, and its node_label', 'Kein vorhandener Knoten darf sie verbinden: siehe Rollen und ihr node_label'],
  soon: ['A node is about to take it', 'Ein Knoten übernimmt sie gerade'],
  apart: ['It takes one connection only, and too few are heard of the nodes that say whose it is', 'Sie nimmt nur eine Verbindung an, und zu wenige der Knoten sind zu hören, die sagen, wessen sie ist'],
};

/** Why a node that stands by a camera is not connected to it, as far as that says more than the server's word. */
export const unready: Record<string, Text> = {
  connecting: ['it is connecting', 'er verbindet sich'],
  denied: ['the camera refuses its login', 'die Kamera lehnt die Anmeldung ab'],
  unreachable: ['it does not reach the camera', 'er erreicht die Kamera nicht'],
  silent: ['the camera sends it nothing', 'die Kamera sendet ihm nichts'],
};

/** How this node connects to another, where that is not directly. */
export const ways: Record<NonNullable<Schemas['ClusterNode']['way']>, Text> = {
  called_back: ['it connects to us, since we cannot', 'er verbindet sich, da wir es nicht können'],
  by_the_bus: ['by the bus, since neither can connect', 'über den Bus, da sich keiner verbinden kann'],
};

/** What nodes are for; roles that are not known are shown as they are. */
export const roles: Record<string, Text> = {
  camera: ['connects to cameras', 'verbindet Kameras'],
  edge: ['serves viewers', 'bedient Zuschauer'],
  store: ['keeps settings', 'hält Einstellungen'],
};

/** What was not taken of other nodes, by the server's word; a test in gateway/server/ compares these. */
export const refusals: Readonly<Record<string, Text>> = {
  'broken': ['that cannot be read', 'nicht lesbare'],
  'too large': ['that are too large', 'zu große'],
  'stranger': ['of no node of this cluster', 'von keinem Knoten dieses Clusters'],
  'name': ['in the name of another node', 'im Namen eines anderen Knotens'],
  'epoch': ['that claim a camera as nobody can', 'mit unmöglichem Anspruch auf eine Kamera'],
  'old': ['that were heard before', 'schon einmal gehörte'],
  'duplicate': ['of another process with the name of this node', 'von einem anderen Prozess mit dem Namen dieses Knotens'],
  'role': ['that claim a camera against their roles', 'mit Anspruch auf eine Kamera gegen die eigenen Rollen'],
  'shut out': ['of nodes that are shut out', 'von ausgeschlossenen Knoten'],
  'relay_name': ['that ask for pictures in the name of another node', 'mit Fragen nach Bildern im Namen eines anderen Knotens'],
  'relay_loop': ['whose pictures would go in a circle', 'mit Bildern, die im Kreis gingen'],
  'relay_call': ['that answer no call', 'auf keinen Ruf'],
  'relay_query': ['that ask for pictures as nobody can', 'mit unmöglichen Fragen nach Bildern'],
  'relay_answer': ['with pictures that cannot be', 'mit unmöglichen Bildern'],
  'recordings_query': ['that ask for recordings as nobody can', 'mit unmöglichen Fragen nach Aufnahmen'],
  'recordings_answer': ['that say of recordings what cannot be', 'mit unmöglichen Angaben zu Aufnahmen'],
  'report_query': ['that ask for a state as nobody can', 'mit unmöglichen Fragen nach dem Zustand'],
  'report_answer': ['that say of a state what cannot be', 'mit unmöglichen Angaben zum Zustand'],
};

export const nodes = {
  words: (cluster: string): Text => [`The servers of the cluster ${cluster}: each serves every camera, and each camera is connected to by one.`, `Die Server des Clusters ${cluster}: Jeder bedient jede Kamera, und jede Kamera wird von einem verbunden.`],
  alone: ['This server is alone', 'Dieser Server ist allein'],
  aloneWords: ['It is no node of a cluster.', 'Er ist kein Knoten eines Clusters.'],
  allWell: (n: number): Text => [n === 1 ? 'The one node is well' : `All ${n} nodes are well`, n === 1 ? 'Der eine Knoten ist in Ordnung' : `Alle ${n} Knoten sind in Ordnung`],
  notWell: (n: number): Text => [n === 1 ? '1 node needs a look' : `${n} nodes need a look`, n === 1 ? '1 Knoten braucht Aufmerksamkeit' : `${n} Knoten brauchen Aufmerksamkeit`],
  list: ['Nodes', 'Knoten'],
  you: ['you are here', 'Sie sind hier'],
  alive: ['Alive', 'Da'],
  ended: ['Ended', 'Beendet'],
  dead: ['Gone', 'Weg'],
  attention: ['Look', 'Prüfen'],
  since: (time: string): Text => [`for ${time}`, `seit ${time}`],
  version: ['Version', 'Version'],
  address: ['Address', 'Adresse'],
  way: ['Way', 'Weg'],
  roles: ['Roles', 'Rollen'],
  labels: ['Labels', 'Labels'],
  load: ['Processors', 'Prozessoren'],
  cameras: ['Cameras', 'Kameras'],
  viewers: ['Viewers', 'Zuschauer'],

  shutOut: ['Shut out', 'Ausschließen'],
  shutOutNode: (node: string): Text => [`Shut out node ${node}?`, `Knoten ${node} ausschließen?`],
  shutOutWords: [
    'Its tokens count no more, its cameras go to others, and what it recorded is not shown any more. A new token lets it in again.',
    'Seine Token gelten nicht mehr, seine Kameras gehen an andere, und seine Aufnahmen werden nicht mehr gezeigt. Ein neues Token lässt ihn wieder herein.',
  ],
  weAreOut: [
    'This node is shut out of the cluster: it hears nothing of the others and has no cameras any more. To let it in again, make another token for it at another node, give it to framegate cluster join here, and start the server again.',
    'Dieser Knoten ist aus dem Cluster ausgeschlossen: Er hört nichts mehr von den anderen und hat keine Kameras mehr. Um ihn wieder hereinzulassen, erstellen Sie an einem anderen ein neues Token für ihn, geben es hier framegate cluster join und starten den Server neu.',
  ],
  isShutOut: ['It is shut out of the cluster.', 'Er ist aus dem Cluster ausgeschlossen.'],

  // What is wrong with a node.
  deadSince: (time: string): Text => [`Nothing was heard of it for ${time}. Look whether its machine and its line are there.`, `Seit ${time} war nichts von ihm zu hören. Prüfen Sie, ob seine Maschine und seine Leitung da sind.`],
  endedSince: (ago: string): Text => [`It was ended ${ago}; others took over its cameras.`, `Er wurde ${ago} beendet; andere haben seine Kameras übernommen.`],
  clockOff: (by: string, ahead: boolean): Text => [
    `Its clock is ${by} ${ahead ? 'ahead' : 'behind'}: times of its pictures and recordings are wrong by that. Have both machines set their clocks by NTP.`,
    `Seine Uhr geht ${by} ${ahead ? 'vor' : 'nach'}: Die Zeiten seiner Bilder und Aufnahmen sind um so viel falsch. Lassen Sie beide Maschinen ihre Uhr über NTP stellen.`,
  ],
  otherVersion: (its: string, ours: string): Text => [`It runs version ${its}, and this one ${ours}.`, `Er läuft in Version ${its}, dieser in ${ours}.`],
  otherCameras: ['It knows other cameras: it has another file, or its disk took no change.', 'Er kennt andere Kameras: Er hat eine andere Datei, oder sein Datenträger nahm nichts an.'],
  stuck: (waits: string): Text => [`${waits} wait for it: the line to it is slow, or it takes nothing.`, `${waits} warten auf ihn: Die Leitung zu ihm ist langsam, oder er nimmt nichts an.`],
  busy: (load: string): Text => [`Its processors are used to ${load}.`, `Seine Prozessoren sind zu ${load} ausgelastet.`],
  onlyOne: ['No other node is heard of. Add one, or look whether seeds are right and port 7421 is open.', 'Von keinem anderen Knoten ist etwas zu hören. Fügen Sie einen hinzu, oder prüfen Sie, ob seeds stimmt und Port 7421 offen ist.'],
  apart: [
    'This node does not reach those that keep what all have in common, or too few of them live: users, links and added cameras stay as they are, and cannot be changed here.',
    'Dieser Knoten erreicht die nicht, die das Gemeinsame halten, oder es sind zu wenige davon da: Benutzer, Links und hinzugefügte Kameras bleiben, wie sie sind, und lassen sich hier nicht ändern.',
  ],
  commonRefused: ['What the nodes have in common is not taken here', 'Was die Knoten gemeinsam haben, wird hier nicht angenommen'],
  refused: (n: number): Text => [
    n === 1 ? 'One message of other nodes was not taken since the start' : `${n} messages of other nodes were not taken since the start`,
    n === 1 ? 'Eine Nachricht anderer Knoten wurde seit dem Start nicht angenommen' : `${n} Nachrichten anderer Knoten wurden seit dem Start nicht angenommen`,
  ],

  // Who owns what.
  owners: ['Which node has which camera', 'Welcher Knoten welche Kamera hat'],
  camera: ['Camera', 'Kamera'],
  node: ['Node', 'Knoten'],
  why: ['Why', 'Warum'],
  nobody: ['none', 'keiner'],
  standby: (node: string): Text => [`${node} is ready to take over`, `${node} kann sofort übernehmen`],
  notReady: (node: string, why: Text): Text => [`${node} is not ready to take over: ${why[0]}`, `${node} kann nicht sofort übernehmen: ${why[1]}`],
  noCameras: ['No cameras are configured', 'Keine Kameras konfiguriert'],

  // Relays.
  relays: ['Streams between nodes', 'Streams zwischen Knoten'],
  relaysWords: ['Each goes once to each node that has viewers of it.', 'Jeder geht einmal an jeden Knoten, der Zuschauer dafür hat.'],
  noRelays: ['None now: nobody watches a camera of another node.', 'Zurzeit keine: Niemand sieht eine Kamera eines anderen Knotens.'],
  from: ['From', 'Von'],
  to: ['To', 'Nach'],
  rate: ['A second', 'Je Sekunde'],
  silent: (names: string): Text => [`Not known of: ${names}`, `Nicht bekannt von: ${names}`],

  // Adding one.
  add: ['Add a node', 'Knoten hinzufügen'],
  addConfig: ['On the other machine, the configuration file is the same as here, with this in it:', 'Auf der anderen Maschine ist die Konfigurationsdatei dieselbe wie hier, und darin steht:'],
  addName: ['Name of the node', 'Name des Knotens'],
  addNameHelp: ['a–z, 0–9 and -; that of a node there is makes another token of it', 'a–z, 0–9 und -; der Name eines vorhandenen Knotens ergibt ein weiteres Token für ihn'],
  makeToken: ['Make the token', 'Token erstellen'],
  made: (name: string): Text => [`The token of ${name}`, `Das Token von ${name}`],
  madeWords: ['Run this on the other machine, and start the server there. Who has the token is that node and sees every camera; it is shown only here.', 'Führen Sie dies auf der anderen Maschine aus, und starten Sie dort den Server. Wer das Token hat, ist dieser Knoten und sieht jede Kamera; es wird nur hier gezeigt.'],
  elsewhere: ['Tokens are made on the server where the cluster was made, by this; it prints what framegate cluster join takes on the new machine:', 'Tokens entstehen auf dem Server, auf dem der Cluster erstellt wurde, hiermit; es gibt aus, was framegate cluster join auf der neuen Maschine nimmt:'],
  done: ['Done', 'Fertig'],
} as const satisfies Record<string, Text | ((...args: never[]) => Text)>;
