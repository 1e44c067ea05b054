// The icons in use: Lucide's, and Vedette's own two.

import type { IconNode } from 'lucide';
export {
  Activity, ArrowLeft, ArrowLeftRight, ArrowRight, ChevronDown, ChevronRight, CornerLeftUp, Download, Eye, Film, Folder, FolderOpen, History, Keyboard, Maximize, Minimize, Monitor, Moon, Pause, Pencil, Play, Plus,
  Power, RotateCw, Spline, Sprout, Sun, Trash2, X,
} from 'lucide';

export const Brand: IconNode = [['path', { d: 'M3 12a9 9 0 0 1 18 0M7 12a5 5 0 0 1 10 0M12 12v9', 'stroke-width': 2 }]];
export const Road: IconNode = [['path', { d: 'M8 3 4 21M16 3l4 18M12 4v3M12 11v3M12 18v3' }]];
