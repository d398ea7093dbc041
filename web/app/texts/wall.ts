// Texts of the wall.

import type { Text } from '../text.svelte';

export const wall = {
  title: ['Cameras', 'Kameras'],
  live: ['Live', 'Live'],
  connecting: ['Connecting…', 'Verbindet…'],
  stalled: ['No new pictures', 'Keine neuen Bilder'],
  offline: ['Offline', 'Offline'],
  error: ['No picture', 'Kein Bild'],
  idle: ['Paused', 'Angehalten'],
  playback: ['Recorded', 'Aufnahme'],
  nothingThen: ['Nothing was recorded here', 'Hier wurde nichts aufgenommen'],
  noPlayback: ['You may not see its recordings', 'Sie dürfen seine Aufnahmen nicht sehen'],
  recording: ['Is being recorded', 'Wird aufgenommen'],
  delay: ['From the camera to the screen', 'Von der Kamera bis zum Bildschirm'],
  delayUnsure: ['From the camera to the screen, about: the clocks on the way are not known well', 'Von der Kamera bis zum Bildschirm, ungefähr: Die Uhren auf dem Weg sind nicht genau bekannt'],
  noBroadcast: ['Nobody is sending pictures.', 'Niemand sendet Bilder.'],
  broadcast: ['Broadcast', 'Senden'],
  checkCamera: ['Look at its settings', 'Zu den Einstellungen'],
  askAdmin: ['Whoever looks after this server can see why.', 'Wer diesen Server betreut, kann sehen, warum.'],
  tryAgain: ['Try again now', 'Jetzt erneut versuchen'],
  publishOnly: ['You may send pictures to this camera, but not see them.', 'Sie dürfen an diese Kamera Bilder senden, aber keine sehen.'],
  playbackOnly: ['You may see its recordings, but not the present.', 'Sie dürfen die Aufnahmen sehen, aber nicht die Gegenwart.'],
  toRecordings: ['To its recordings', 'Zu den Aufnahmen'],
  fullScreen: ['Full screen', 'Vollbild'],
  enlarge: ['Enlarge', 'Vergrößern'],
  shrink: ['Back to all cameras', 'Zurück zu allen Kameras'],
  gone: ['This camera is not there any more', 'Diese Kamera ist nicht mehr da'],
  goneWords: ['It was removed, or you may not see it any more.', 'Sie wurde entfernt, oder Sie dürfen sie nicht mehr sehen.'],
  arrange: ['Arrange', 'Anordnen'],
  arranging: ['Drag cameras into their order, or move the chosen one by the arrow keys.', 'Ziehen Sie die Kameras in ihre Reihenfolge, oder bewegen Sie die ausgewählte mit den Pfeiltasten.'],
  done: ['Done', 'Fertig'],
  hide: ['Hide', 'Ausblenden'],
  show: ['Show', 'Einblenden'],
  reset: ['Order by name', 'Nach Namen ordnen'],
  find: ['Find a camera', 'Kamera suchen'],
  all: ['All', 'Alle'],
  groups: ['Groups', 'Gruppen'],
  newGroup: ['New group', 'Neue Gruppe'],
  editGroup: ['Change the group', 'Gruppe ändern'],
  groupName: ['Name of the group', 'Name der Gruppe'],
  groupTaken: ['There is a group of that name already.', 'Eine Gruppe mit diesem Namen gibt es schon.'],
  removeGroup: ['Remove the group', 'Gruppe entfernen'],
  grid: ['Cameras on a screen', 'Kameras auf einem Bildschirm'],
  auto: ['Automatic', 'Automatisch'],
  history: ['Look back', 'Zurückblicken'],
  none: ['There is no camera yet', 'Es gibt noch keine Kamera'],
  noneAdmin: ['Add the first one: paste its address, or make a camera of a phone.', 'Fügen Sie die erste hinzu: mit ihrer Adresse, oder machen Sie ein Telefon zur Kamera.'],
  add: ['Add a camera', 'Kamera hinzufügen'],
  noneElse: ['There is no camera that you may see or send to', 'Es gibt keine Kamera, die Sie sehen oder an die Sie senden dürfen'],
  noneElseWords: ['Whoever looks after this server can permit it.', 'Wer diesen Server betreut, kann es Ihnen erlauben.'],
  noneFound: ['No camera has that name', 'Keine Kamera heißt so'],
  noneInGroup: ['Every camera is hidden', 'Alle Kameras sind ausgeblendet'],
  keys: ['On the wall', 'Auf der Wand'],
  keyCamera: ['Enlarge the first to ninth camera', 'Erste bis neunte Kamera vergrößern'],
  keyBack: ['Back to all cameras', 'Zurück zu allen Kameras'],
  keyFull: ['The wall in full screen', 'Die Wand im Vollbild'],
} as const satisfies Record<string, Text>;

/** How long ago the last picture was taken, put into words by format.ts. */
export const lastPicture = (ago: string): Text => [`Last picture ${ago}`, `Letztes Bild ${ago}`];

/** How the recording fails, in words of texts/recording.ts. */
export const recordingTrouble = (state: Text): Text => [`Recording: ${state[0]}`, `Aufnahme: ${state[1]}`];

/** A delay on a tile. */
export const milliseconds = (text: string): Text => [`${text} ms`, `${text} ms`];
