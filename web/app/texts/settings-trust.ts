// How each kind of device is told to trust the server's own certificate authority.

import type { Text } from '../text.svelte';

/** A kind of device, and what is to be done there, one step after another. */
export interface Steps {
  readonly device: Text;
  readonly steps: readonly Text[];
}

export const trust: readonly Steps[] = [
  {
    device: ['Windows', 'Windows'],
    steps: [
      ['Download the certificate and open it.', 'Laden Sie das Zertifikat herunter und öffnen Sie es.'],
      ['Choose “Install Certificate”, and for whom.', 'Wählen Sie „Zertifikat installieren“ und für wen.'],
      ['Choose “Place all certificates in the following store”, and there “Trusted Root Certification Authorities”.', 'Wählen Sie „Alle Zertifikate in folgendem Speicher speichern“ und dort „Vertrauenswürdige Stammzertifizierungsstellen“.'],
      ['Finish, say yes to the warning, and start the browser anew. Edge, Chrome and Firefox use it.', 'Stellen Sie fertig, bejahen Sie die Warnung, und starten Sie den Browser neu. Edge, Chrome und Firefox benutzen es.'],
    ],
  },
  {
    device: ['macOS', 'macOS'],
    steps: [
      ['Download the certificate and open it: Keychain Access takes it in.', 'Laden Sie das Zertifikat herunter und öffnen Sie es: Die Schlüsselbundverwaltung nimmt es auf.'],
      ['Find “Framegate” there, and open it.', 'Suchen Sie dort „Framegate“ und öffnen Sie es.'],
      ['Under “Trust”, set “When using this certificate” to “Always Trust”.', 'Setzen Sie unter „Vertrauen“ die Angabe „Bei Verwendung dieses Zertifikats“ auf „Immer vertrauen“.'],
      ['Close the window, and give your password.', 'Schließen Sie das Fenster und geben Sie Ihr Passwort ein.'],
    ],
  },
  {
    device: ['iPhone and iPad', 'iPhone und iPad'],
    steps: [
      ['Open the address of the certificate in Safari, and allow the download.', 'Öffnen Sie die Adresse des Zertifikats in Safari und erlauben Sie das Laden.'],
      ['Settings, “Profile Downloaded”: install it.', 'Einstellungen, „Profil geladen“: Installieren Sie es.'],
      ['Settings, “General”, “About”, “Certificate Trust Settings”: turn Framegate on. Without this step nothing trusts it.', 'Einstellungen, „Allgemein“, „Info“, „Zertifikatsvertrauenseinstellungen“: Schalten Sie Framegate ein. Ohne diesen Schritt vertraut ihm nichts.'],
    ],
  },
  {
    device: ['Android', 'Android'],
    steps: [
      ['Open the address of the certificate, and download it.', 'Öffnen Sie die Adresse des Zertifikats und laden Sie es herunter.'],
      ['In the settings, look for “CA certificate” (mostly under “Security”, “Encryption & credentials”, “Install a certificate”).', 'Suchen Sie in den Einstellungen nach „CA-Zertifikat“ (meist unter „Sicherheit“, „Verschlüsselung und Anmeldedaten“, „Zertifikat installieren“).'],
      ['Choose “Install anyway”, and the file.', 'Wählen Sie „Trotzdem installieren“ und die Datei.'],
      ['Chrome uses it at once. Firefox does after “Use third party CA certificates” in its secret settings: tap its logo under “About Firefox” five times.', 'Chrome benutzt es sofort. Firefox erst nach „CA-Zertifikate von Drittanbietern verwenden“ in den geheimen Einstellungen: Tippen Sie unter „Über Firefox“ fünfmal auf das Logo.'],
    ],
  },
  {
    device: ['Firefox on computers', 'Firefox auf Computern'],
    steps: [
      ['On Windows and macOS it trusts what the system trusts. Elsewhere download the certificate.', 'Unter Windows und macOS vertraut er, wem das System vertraut. Laden Sie sonst das Zertifikat herunter.'],
      ['Settings, “Privacy & Security”, “Certificates”, “View Certificates”.', 'Einstellungen, „Datenschutz & Sicherheit“, „Zertifikate“, „Zertifikate anzeigen“.'],
      ['Under “Authorities” choose “Import”, and the file; trust it to identify websites.', 'Wählen Sie unter „Zertifizierungsstellen“ „Importieren“ und die Datei; vertrauen Sie ihr, um Websites zu identifizieren.'],
    ],
  },
  {
    device: ['Linux', 'Linux'],
    steps: [
      ['Debian and Ubuntu: put the file into /usr/local/share/ca-certificates, and run “sudo update-ca-certificates”.', 'Debian und Ubuntu: Legen Sie die Datei nach /usr/local/share/ca-certificates, und rufen Sie „sudo update-ca-certificates“ auf.'],
      ['Fedora: put it into /etc/pki/ca-trust/source/anchors, and run “sudo update-ca-trust”.', 'Fedora: Legen Sie sie nach /etc/pki/ca-trust/source/anchors, und rufen Sie „sudo update-ca-trust“ auf.'],
      ['Chrome and Chromium have certificates of their own: open chrome://certificate-manager, and import it among those that you trust.', 'Chrome und Chromium haben eigene Zertifikate: Öffnen Sie chrome://certificate-manager, und importieren Sie es unter denen, welchen Sie vertrauen.'],
    ],
  },
];
