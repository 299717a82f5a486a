/**
 * Whole words of the private language that standard terms have replaced (docs/glossary.md), so that
 * they do not come back. Not in the list: words with a second, ordinary meaning, such as "place".
 */
const words = [
  'digest(?:s|ed|ing|er)?',
  'undigested',
  'stretch(?:es)?',
  'chapters?',
  'signatures?',
  'needles?',
  'quarantined?',
  'doors?',
  'knock(?:s|ed|ing)?',
  'lanes?',
  'askers?',
  'allowances?',
  'drawers?',
  'filing',
  'filed',
  'unfiled',
  'wakeups?',
  'tally',
  'mend(?:s|ed|ing)?',
  'lineage',
  'footing',
  'whoever',
  'somebody',
  'nobody',
  'anybody',
  'refus(?:e|es|ed|ing|al|als)',
  'tells?',
  'told',
  'sound',
  'forgets?',
  'walks?',
  'plainness',
  'slow readers?',
];

export const retiredWords = new RegExp(`\\b(?:${words.join('|')})\\b`, 'gi');
